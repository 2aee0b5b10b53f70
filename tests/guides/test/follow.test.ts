import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { afterEach, expect, test } from 'vitest'
import { followGuide } from '../src/follow/follow-guide.ts'
import { guidesOf } from '../src/follow/plan.ts'
import { fencesOf } from '../src/pages/fences.ts'

// Guides run in bash.
const skip = process.platform === 'win32'
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function follow(...blocks: readonly string[]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'evergrant-follow-'))
  folders.push(folder)
  const [guide] = guidesOf({ path: 'page.md', fences: fencesOf('page.md', blocks.join('\n')) })
  if (guide === undefined) throw new Error('no guide')
  return await followGuide(guide, {
    folder,
    packages: { pinned: (script) => script },
    environment: process.env,
  })
}
const fence = (info: string, code: string) => `\`\`\`${info}\n${code}\n\`\`\`\n`
const program = fence('js title="a.mjs"', "process.stdout.write('made by a program\\n')")
const server = fence(
  'js title="server.mjs"',
  "import { createServer } from 'node:http'\ncreateServer((_, r) => r.end('hello')).listen(8080, '127.0.0.1', () => console.log('ready at 127.0.0.1:8080'))",
)

test.skipIf(skip)('follow: a page that says what happens passes', async () => {
  const done = await follow(
    program,
    fence('sh', 'mkdir sub\ncd sub\nexport NAME=reader'),
    fence('sh', 'node ../a.mjs\necho "$NAME"'),
    fence('text', 'made by a program\nreader'),
    fence('sh exit="3"', 'exit 3'),
  )
  expect(done).toEqual({ commands: 3, files: 1, outputs: 1 })
})

test.skipIf(skip)('follow: a server runs at a free port until the page is finished', async () => {
  const done = await follow(
    server,
    fence('sh terminal="server" ready="ready at"', 'node server.mjs'),
    fence('text', 'ready at 127.0.0.1:8080'),
    fence('sh', 'curl -s http://127.0.0.1:8080/'),
    fence('text', 'hello'),
  )
  expect(done.outputs).toBe(2)
})

test.skipIf(skip)('follow: a server may print more after it is ready', async () => {
  const slow = "console.log('ready'); setTimeout(() => { console.log('more') }, 200)"
  const done = await follow(
    fence('js title="slow.mjs"', `${slow}\nsetInterval(() => undefined, 1000)`),
    fence('sh terminal="server" ready="ready"', 'node slow.mjs'),
    fence('text', 'ready\nmore'),
  )
  expect(done.outputs).toBe(1)
})

test.skipIf(skip)('follow: two runs at once have one output each, in any order', async () => {
  const command = 'if mkdir first; then echo first; else echo first; echo second; fi 2>&1'
  const turns = fence('sh times="2"', command)
  const first = fence('text order="any"', 'first')
  const second = fence('text order="any"', 'second')
  expect((await follow(turns, first, second)).outputs).toBe(2)
  expect((await follow(turns, second, first)).outputs).toBe(2)
  await expect(follow(turns, second, second)).rejects.toThrow('shows another output')
})

test.skipIf(skip)(
  'follow: a page that shows another output fails, and names the line',
  async () => {
    const following = follow(program, fence('sh', 'node a.mjs'), fence('text', 'made by hand'))
    await expect(following).rejects.toThrow(
      /^page\.md:9: shows another output.*\nshown:\nmade by hand\nprinted:\nmade by a program/,
    )
  },
)

test.skipIf(skip)('follow: a page whose command fails, fails', async () => {
  await expect(follow(fence('sh', 'node missing.mjs'))).rejects.toThrow(
    'page.md:1: ended with 1 (expected 0)',
  )
})

test.skipIf(skip)('follow: a server that does not start fails', async () => {
  const following = follow(fence('sh terminal="server" ready="ready"', 'echo no'))
  await expect(following).rejects.toThrow('page.md:1: ended before it printed "ready"')
})
