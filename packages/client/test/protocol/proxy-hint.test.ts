import { expect, test, vi } from 'vitest'
import { discover } from '../../src/protocol/discovery.ts'
import { proxyHint } from '../../src/protocol/proxy-hint.ts'

test.each([
  ['https://mcp.test', { HTTPS_PROXY: 'http://user:secret@proxy.test' }, 'HTTPS_PROXY is set'],
  ['https://mcp.test', { https_proxy: 'http://proxy.test' }, 'https_proxy is set'],
  ['http://127.0.0.1:1', { HTTP_PROXY: 'http://proxy.test' }, 'HTTP_PROXY is set'],
  ['https://mcp.test', { ALL_PROXY: 'socks5://proxy.test' }, 'ALL_PROXY is set'],
])(
  'proxy hint: for %s, %j is named without its value',
  { tags: ['C-53', 'C-06'] },
  (url, env, text) => {
    expect(proxyHint(url, env)).toContain(text)
    expect(proxyHint(url, env)).toContain('proxyFetch')
    expect(proxyHint(url, env)).not.toMatch(/secret|proxy\.test/)
  },
)

test.each([
  ['no variable', {}],
  ['an empty variable', { HTTPS_PROXY: '' }],
  ['a variable for plain http only', { HTTP_PROXY: 'http://proxy.test' }],
  ['a runtime that uses it', { HTTPS_PROXY: 'http://proxy.test', NODE_USE_ENV_PROXY: '1' }],
])('proxy hint: says nothing with %s', { tags: ['C-53'] }, (_, env) => {
  expect(proxyHint('https://mcp.test', env)).toBe('')
})

test(
  'proxy hint: an unreachable server is reported with the variable that the default fetch ignores',
  { tags: ['C-53'] },
  async () => {
    vi.stubEnv('HTTP_PROXY', 'http://user:secret@proxy.test')
    try {
      const unreachable = 'http://127.0.0.1:1/mcp'
      await expect(discover(unreachable)).rejects.toMatchObject({
        code: 'TEMPORARILY_UNAVAILABLE',
        message: expect.stringContaining('HTTP_PROXY is set'),
      })
      await expect(discover(unreachable, { fetch })).rejects.toMatchObject({
        message: expect.not.stringContaining('HTTP_PROXY'),
      })
    } finally {
      vi.unstubAllEnvs()
    }
  },
)
