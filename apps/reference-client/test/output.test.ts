import { createCanaries } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import { startEchoingEndpoint, startHostileMcpServer } from './hostile-servers.ts'
import type { CliRun, Scene } from './support.ts'
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

describe('text of a server', () => {
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
})

/** Names the secrets that a run printed, in full or in large part. */
function leakIn(runs: readonly CliRun[], sent: Iterable<string>): string {
  const canaries = createCanaries()
  let number = 0
  for (const secret of sent) {
    number += 1
    canaries.watch(`secret ${number}`, secret)
    canaries.watch(`start of secret ${number}`, secret.slice(0, Math.max(10, secret.length / 2)))
  }
  if (number === 0) return 'nothing was sent'
  try {
    canaries.expectNoCanary(runs.flatMap(({ out, err }) => [out, err]))
    return 'none'
  } catch (error) {
    return String(error)
  }
}

const tokensOf = (got: Iterable<string>): string[] =>
  Array.from(got, (authorization) => authorization.replace('Bearer ', ''))

describe('credentials that a server echoes', () => {
  test.each([
    [
      'a tool result',
      (text: string) => ({
        result: { content: [{ type: 'text', text }], structuredContent: { [text]: [text] } },
      }),
    ],
    [
      'a tool error',
      (text: string) => ({ result: { isError: true, content: [{ type: 'text', text }] } }),
    ],
    ['a JSON-RPC error', (message: string) => ({ error: { code: -32_000, message } })],
    ['an error page', (text: string) => `<h1>${text}</h1>`],
  ])(
    'output: the access token in %s is not printed',
    { tags: ['C-06'] },
    async (_what, answerWith) => {
      await using s = await scene()
      await using mcp = await startHostileMcpServer(s.as)
      await s.run(['login', mcp.url, '--headless'])
      const runs: CliRun[] = []
      const writings: ((secret: string) => string)[] = [
        (secret) => secret,
        (secret) => Buffer.from(secret).toString('base64'),
        (secret) => encodeURIComponent(secret),
        // The token is where the text is truncated.
        (secret) => `${'x'.repeat(300 - secret.length * 0.75)}${secret}`,
      ]
      for (const write of writings) {
        mcp.answer = (authorization) => answerWith(write(authorization))
        runs.push(await s.run(['call', mcp.url, 'x']))
        runs.push(await s.run(['call', mcp.url, 'x', '--json']))
        JSON.parse(runs.at(-1)?.out ?? '')
      }
      expect(leakIn(runs, tokensOf(mcp.got))).toBe('none')
    },
  )

  test(
    'output: the access token in a list of tools is not printed',
    { tags: ['C-06'] },
    async () => {
      await using s = await scene()
      await using mcp = await startHostileMcpServer(s.as)
      await s.run(['login', mcp.url, '--headless'])
      mcp.tools = (authorization) => [
        {
          name: authorization,
          description: `${'x'.repeat(290)}${authorization}`,
          inputSchema: { type: 'object' },
        },
      ]
      const runs = [await s.run(['tools', mcp.url]), await s.run(['tools', mcp.url, '--json'])]
      expect(runs.map(({ code }) => code)).toEqual([0, 0])
      expect(runs[0]?.out).toContain('[redacted]')
      expect(JSON.parse(runs[1]?.out ?? '').tools[0].name).toContain('[redacted]')
      expect(leakIn(runs, tokensOf(mcp.got))).toBe('none')
    },
  )

  test(
    'output: a token that looks like JSON does not break the document',
    { tags: ['C-06'] },
    async () => {
      await using s = await scene()
      await using mcp = await startHostileMcpServer(s.as)
      const token = '":"text"'
      s.as.faults.token.push({ kind: 'merge', fields: { access_token: token } })
      await s.run(['login', mcp.url, '--headless'])
      mcp.answer = (authorization) => ({
        result: { content: [{ type: 'text', text: authorization }] },
      })
      const { out } = await s.run(['call', mcp.url, 'x', '--json'])
      expect([...mcp.got]).toEqual([`Bearer ${token}`])
      expect(JSON.parse(out).result.content).toEqual([{ type: 'text', text: 'Bearer [redacted]' }])
    },
  )

  async function echoingScene(s: Scene) {
    const endpoint = await startEchoingEndpoint(s.as)
    const { token_endpoint, revocation_endpoint } = (await (
      await fetch(`${s.as.issuer}/.well-known/oauth-authorization-server`)
    ).json()) as Readonly<Record<string, string>>
    const here = (url = ''): string => `${endpoint.url}${new URL(url).pathname}`
    s.as.overrideMetadata({
      token_endpoint: here(token_endpoint),
      revocation_endpoint: here(revocation_endpoint),
    })
    return endpoint
  }

  function secretsIn(got: readonly string[]): string[] {
    const fields = ['code', 'code_verifier', 'refresh_token', 'token', 'client_secret']
    return got.flatMap((body) => {
      const form = new URLSearchParams(body)
      return fields.flatMap((field) => form.get(field) ?? [])
    })
  }

  test.each([[[]], [['--json']]])(
    'output: codes, verifiers and tokens that an authorization server echoes are not printed: %j',
    { tags: ['C-06', 'C-57'] },
    async (flags) => {
      await using s = await scene({ accessTokenLifetimeSeconds: 1 })
      await using endpoint = await echoingScene(s)
      const runs: CliRun[] = []
      const run = async (...args: readonly string[]): Promise<void> =>
        void runs.push(await s.run([...args, ...flags]))

      endpoint.error = 'invalid_grant'
      await run('login', s.url, '--headless')
      endpoint.error = undefined
      await run('login', s.url, '--headless')
      for (const error of ['invalid_scope', 'unauthorized_client']) {
        endpoint.error = error
        await run('call', s.url, 'notes_list', '--repeat', '4', '--every', '400')
        await run('tools', s.url)
        await run('status')
      }
      endpoint.error = 'temporarily_unavailable'
      await run('logout', s.url)
      endpoint.error = 'invalid_request'
      await run('status')
      await run('logout', s.url)
      expect(leakIn(runs, secretsIn(endpoint.got))).toBe('none')
      expect(secretsIn(endpoint.got).length).toBeGreaterThan(5)
    },
  )

  test('output: the secret of --client-id is not printed', { tags: ['C-06'] }, async () => {
    await using s = await scene()
    const env = { ...s.env, EVERGRANT_CLIENT_SECRET: 'a client/secret+of=mine' }
    const login = ['login', s.url, '--headless', '--client-id', 'x', '--issuer', s.as.issuer]
    await using endpoint = await echoingScene(s)
    endpoint.error = 'invalid_client'
    const runs = [await s.run(login, { env }), await s.run([...login, '--json'], { env })]
    const unknown = await s.run(['login', s.url, `--${env.EVERGRANT_CLIENT_SECRET}`], { env })
    expect(leakIn([...runs, unknown], [env.EVERGRANT_CLIENT_SECRET])).toBe('none')
  })
})
