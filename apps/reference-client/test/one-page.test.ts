import { expect, test } from 'vitest'
import { scene } from './support.ts'

test(
  'tools: five programs over one empty home open one page, also if the server separates scope with commas',
  { tags: ['C-51', 'C-56'] },
  async () => {
    await using s = await scene()
    for (let answer = 0; answer < 20; answer += 1) {
      s.as.faults.token.push({ kind: 'merge', fields: { scope: 'mcp:read,mcp:write' } })
    }
    const children = Array.from({ length: 5 }, () => s.spawn(['tools', s.url, '--headless']))
    const ended = await Promise.all(children.map((child) => child.ended))
    expect(ended.map(({ code, err }) => (code === 0 ? code : err))).toEqual([0, 0, 0, 0, 0])
    expect(s.as.count('authorize')).toBe(1)
    expect(s.as.count('token')).toBe(1)
  },
)
