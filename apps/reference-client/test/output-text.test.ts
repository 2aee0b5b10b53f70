import { expect, test } from 'vitest'
import { startHostileMcpServer } from './hostile-servers.ts'
import type { CliRun } from './support.ts'
import { scene } from './support.ts'

/** Moves the cursor, sets the title, ends the line, reverses, hides and splits text. */
const hostileText = [
  'begin',
  '\u001b[2J\u001b]0;owned\u0007',
  '\u009b31m\u0085',
  'safe\rforged\b\u007f',
  '\u202egpj.exe\u202c\u2066\u2069',
  'zero\u200bwidth\ufeff\u2028\u2029',
  '\u{e0041}\u{e0042}',
  'end',
].join(' ')

const unsafe = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u

/** Raw characters in the output that could control a terminal or hide text. */
function rawIn(...runs: readonly CliRun[]): readonly string[] {
  return runs.flatMap(({ out, err }) => [out, err].flatMap((text) => unsafe.exec(text)?.[0] ?? []))
}

test('output: no raw character of a tool reaches the terminal', { tags: ['C-06'] }, async () => {
  await using s = await scene()
  await using mcp = await startHostileMcpServer(s.as, { resource_name: hostileText })
  expect(rawIn(await s.run(['login', mcp.url, '--headless', '--explain']))).toEqual([])
  const schema = { type: 'object' }
  const tool = { name: hostileText, description: hostileText, inputSchema: schema }
  mcp.tools = () => [tool]
  const listed = await s.run(['tools', mcp.url])
  expect(listed.out).toContain('begin')
  const listedAsJson = await s.run(['tools', mcp.url, '--json'])
  expect(JSON.parse(listedAsJson.out).tools).toEqual([tool])

  const result = {
    content: [{ type: 'text', text: hostileText }],
    structuredContent: { [hostileText]: [hostileText] },
  }
  mcp.answer = () => ({ result })
  const called = await s.run(['call', mcp.url, 'x'])
  expect(called.out).toContain(String.raw`\u001b[2J\u001b]0;owned\u0007`)
  const calledAsJson = await s.run(['call', mcp.url, 'x', '--json'])
  expect(JSON.parse(calledAsJson.out).result).toMatchObject(result)
  expect(rawIn(listed, listedAsJson, called, calledAsJson)).toEqual([])
})

test.each([
  ['a tool error', { result: { isError: true, content: [{ type: 'text', text: hostileText }] } }],
  ['a JSON-RPC error', { error: { code: -32_000, message: hostileText } }],
  ['an error page', `<h1>${hostileText}</h1>`],
])(
  'output: no raw character of %s reaches the terminal',
  { tags: ['C-06'] },
  async (_what, answer) => {
    await using s = await scene()
    await using mcp = await startHostileMcpServer(s.as)
    await s.run(['login', mcp.url, '--headless'])
    mcp.answer = () => answer
    const plain = await s.run(['call', mcp.url, 'x'])
    const json = await s.run(['call', mcp.url, 'x', '--json'])
    expect([plain.code, json.code]).toEqual([4, 4])
    expect(JSON.parse(json.out).error.code).toBe('MCP_REQUEST_FAILED')
    expect(rawIn(plain, json)).toEqual([])
  },
)

test(
  'output: no raw character of an authorization server reaches the terminal',
  { tags: ['C-06'] },
  async () => {
    await using s = await scene()
    const runs: CliRun[] = []
    for (const flags of [[], ['--json']]) {
      s.as.faults.authorize.push({
        kind: 'oauth-error',
        error: 'access_denied',
        description: hostileText,
      })
      runs.push(await s.run(['login', s.url, '--headless', ...flags]))
      s.as.faults.token.push({
        kind: 'oauth-error',
        error: hostileText,
        description: hostileText,
      })
      runs.push(await s.run(['login', s.url, '--headless', ...flags]))
      s.as.faults.token.push({ kind: 'merge', fields: { scope: `mcp:read ${hostileText}` } })
      runs.push(await s.run(['login', s.url, '--headless', ...flags]))
      runs.push(await s.run(['status', ...flags]))
      s.as.faults.metadata.push({ kind: 'merge', fields: { issuer: hostileText } })
      s.as.faults.metadata.push({ kind: 'merge', fields: { issuer: hostileText } })
      runs.push(await s.run(['login', s.url, '--headless', ...flags]))
    }
    for (const { out } of runs.slice(runs.length / 2)) JSON.parse(out)
    expect(rawIn(...runs)).toEqual([])
  },
)

test('output: no raw character of a challenge reaches the terminal', async () => {
  await using s = await scene()
  // The subset that HTTP allows in a header.
  const latin = hostileText.replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/gu, '')
  const challenge = `, error="invalid_token", error_description="${latin}"`
  await using mcp = await startHostileMcpServer(s.as, {}, () => challenge)
  expect(
    rawIn(
      await s.run(['tools', mcp.url]),
      await s.run(['tools', mcp.url, '--json']),
      await s.run(['login', mcp.url, '--headless']),
    ),
  ).toEqual([])
})

test('output: arguments quoted by commander are cleaned', { tags: ['C-06'] }, async () => {
  await using s = await scene()
  expect(
    rawIn(
      await s.run([hostileText]),
      await s.run(['login', hostileText]),
      await s.run(['login', hostileText, '--json']),
      await s.run(['status', '--json', `--${hostileText}`]),
    ),
  ).toEqual([])
})
