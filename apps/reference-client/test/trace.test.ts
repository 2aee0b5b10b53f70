import { readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createCanaries, startServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { startHostileMcpServer } from './hostile-servers.ts'
import { startProxy } from './proxy-support.ts'
import type { Scene } from './support.ts'
import { scene } from './support.ts'

/** Runs a command with a trace, and returns the document. */
async function traced(
  s: Scene,
  args: readonly string[],
  environment: Parameters<Scene['run']>[1] = {},
): Promise<{ readonly code: number | null; readonly err: string; readonly html: string }> {
  const file = path.join(s.home, '..', `${path.basename(s.home)}-trace.html`)
  const { code, err } = await s.run([...args, '--trace', file], environment)
  return { code, err, html: await readFile(file, 'utf8') }
}

/** Everything that the authorization server received or issued, and that is secret. */
function secretsOf(s: Scene): readonly string[] {
  const fields = ['code', 'code_verifier', 'refresh_token', 'token', 'device_code', 'client_secret']
  const sent = s.as.requests.flatMap(({ form, query }) => [
    ...fields.flatMap((field) => form[field] ?? []),
    query['state'] ?? [],
  ])
  return [...sent.flat(), ...s.as.grants().flatMap(({ id }) => s.as.liveRefreshTokens(id))]
}

test(
  'trace: draws every request and decision with its requirement, without a secret',
  { tags: ['C-06', 'C-10'] },
  async () => {
    await using s = await scene()
    const { code, html } = await traced(s, ['login', s.url, '--headless'])
    expect(code).toBe(0)
    for (const target of ['/mcp', '/.well-known/', '/register', '/authorize', '/token']) {
      expect(html).toContain(target)
    }
    expect(html.indexOf('Adding offline_access')).toBeLessThan(html.indexOf('GET /authorize'))
    expect(html).toContain('C-02: Adding offline_access')
    expect(html).toMatch(/<code>C-33<\/code>/)
    expect(html).toMatch(/in \d+ ms/)
    expect(html).toContain('Signed in. The refresh token was issued.')
    const canaries = createCanaries()
    for (const [index, secret] of secretsOf(s).entries()) canaries.watch(`secret ${index}`, secret)
    const token = (await s.run(['token', s.url])).out.trim()
    canaries.watch('access token', token)
    canaries.expectNoCanary([html])
    expect(secretsOf(s).length).toBeGreaterThan(3)
  },
)

test(
  'trace: a refresh, a device code and a sign-out keep their secrets',
  { tags: ['C-06'] },
  async () => {
    await using s = await scene({
      deviceGrant: { intervalSeconds: 1 },
      accessTokenLifetimeSeconds: 1,
    })
    const documents: string[] = []
    const login = await traced(s, ['login', s.url, '--device-code'], {
      stderr(text) {
        if (text.includes('enter the code')) s.as.approveDevice()
      },
    })
    documents.push(login.html)
    const every = ['--repeat', '4', '--every', '400']
    documents.push((await traced(s, ['call', s.url, 'notes_list', ...every])).html)
    const secrets = secretsOf(s)
    documents.push((await traced(s, ['logout', s.url])).html)
    const canaries = createCanaries()
    for (const [index, secret] of secrets.entries()) canaries.watch(`secret ${index}`, secret)
    canaries.expectNoCanary(documents)
    expect(documents[0]).toContain('asks whether the user has approved')
    expect(documents[1]).toContain('refreshes the tokens')
    expect(documents[2]).toContain('revokes a token')
  },
)

test(
  'trace: a secret that a server echoes in other words is removed by its value',
  { tags: ['C-06'] },
  async () => {
    const canaries = createCanaries()
    const secret = `${canaries.secret('client secret')}&<"'`
    canaries.watch('client secret as sent', secret)
    await using s = await scene({ clients: [{ clientId: 'robot', clientSecret: secret }] })
    await using echo = await startServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        response.writeHead(400, { 'content-type': 'application/json' })
        const said = `${body} ${request.headers.authorization ?? ''} ${secret}`
        response.end(
          JSON.stringify({ error: 'invalid_client', error_description: said, [said]: 1 }),
        )
      })
    })
    s.as.overrideMetadata({ token_endpoint: `${echo.url}/token` })
    const env = { ...s.env, EVERGRANT_CLIENT_SECRET: secret }
    const client = ['--client-id', 'robot', '--issuer', s.as.issuer, '--client-credentials']
    const { code, html } = await traced(s, ['login', s.url, ...client], { env })
    expect(code).not.toBe(0)
    expect(html).toContain('[redacted]')
    canaries.expectNoCanary([html])
  },
)

test('trace: markup and hidden characters of a server stay text', { tags: ['C-06'] }, async () => {
  await using s = await scene()
  const hostile = '</pre><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u0000'
  await using mcp = await startHostileMcpServer(s.as, { resource_name: hostile })
  s.as.overrideMetadata({ [hostile]: hostile })
  const { html } = await traced(s, ['login', mcp.url, '--headless'])
  expect(html).not.toContain('<script')
  expect(html).not.toContain('<img')
  expect(html).not.toContain('\u202e')
  expect(html).not.toContain('\u0000')
  expect(html).toContain('&lt;script&gt;')
})

test('trace: is written when the command fails, with the reason', async () => {
  await using s = await scene()
  s.as.faults.register.push({ kind: 'oauth-error', error: 'invalid_client_metadata' })
  const { code, html } = await traced(s, ['login', s.url, '--headless'])
  expect(code).toBe(4)
  expect(html).toContain('<strong>Failed:</strong>')
  expect(html).toContain('invalid_client_metadata')
  const unreachable = await traced(s, ['tools', 'http://127.0.0.1:1/mcp'])
  expect(unreachable.code).toBe(4)
  expect(unreachable.html).toContain('fetch failed')
})

test('trace: is one file for its owner, with a strict policy and no script', async () => {
  await using s = await scene()
  const { html } = await traced(s, ['status'])
  expect(html).toMatch(/Content-Security-Policy" content="default-src 'none'; style-src 'sha256-/)
  expect(html).not.toMatch(/<script|<link|src=|href="http/)
})

test.skipIf(process.platform === 'win32')('trace: only the owner can read the file', async () => {
  await using s = await scene()
  await traced(s, ['status'])
  const file = path.join(s.home, '..', `${path.basename(s.home)}-trace.html`)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test.skipIf(process.platform === 'win32')(
  'trace: only the owner can read a file that existed before',
  async () => {
    await using s = await scene()
    const file = path.join(s.home, 'trace.html')
    await writeFile(file, 'before', { mode: 0o644 })
    await s.run(['config', 'cursor', s.url, '--trace', file])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  },
)

test('trace: draws the exchange of a proxy when it ends', async () => {
  await using s = await scene()
  const file = path.join(s.home, 'trace.html')
  await using proxy = startProxy([s.url, '--headless', '--trace', file], s.env)
  await proxy.initialize()
  expect(await proxy.end()).toBe(0)
  const html = await readFile(file, 'utf8')
  expect(html).toContain('POST /token')
  expect(html).toContain('POST /mcp')
})

test('trace: a file that cannot be written is refused before anything is sent', async () => {
  await using s = await scene()
  const file = path.join(s.home, 'missing', 'trace.html')
  const { code, err } = await s.run(['login', s.url, '--headless', '--trace', file])
  expect(code).toBe(2)
  expect(err).toContain('--trace')
  expect(s.as.requests).toEqual([])
})
