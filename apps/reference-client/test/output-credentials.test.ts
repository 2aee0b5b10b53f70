import { createCanaries } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { startEchoingEndpoint, startHostileMcpServer } from './hostile-servers.ts'
import type { CliRun, Scene } from './support.ts'
import { scene } from './support.ts'

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

test('output: the access token in a list of tools is not printed', { tags: ['C-06'] }, async () => {
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
})

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
