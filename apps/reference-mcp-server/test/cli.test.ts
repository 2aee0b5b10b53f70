import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startFetchServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test, vi } from 'vitest'
import { runCli } from '../src/commands/cli.ts'

interface Run {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** Runs the command line in this process, and stops a server as soon as it has started. */
async function run(...args: string[]): Promise<Run> {
  let out = ''
  let error = ''
  const code = await runCli(args, {
    writeOut: (text) => void (out += text),
    writeError: (text) => void (error += text),
    untilStopped: () => Promise.resolve(),
  })
  return { code, out, error }
}

test('serve: prints one JSON document with --json', async () => {
  const issuer = 'https://as.example.com'
  const { code, out, error } = await run('serve', '--authorization-server', issuer, '--json')
  expect([code, error]).toEqual([0, ''])
  expect(JSON.parse(out)).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/),
    resource: expect.stringMatching(/\/mcp$/),
    metadataUrl: expect.stringContaining('/.well-known/oauth-protected-resource/mcp'),
    authorizationServer: issuer,
    database: ':memory:',
  })
})

test('serve: says that the notes are in memory, or where they are', async () => {
  const args = ['serve', '--authorization-server=https://as.example.com']
  expect((await run(...args)).out).toMatch(/^notes +in memory, lost when the server stops/m)
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-notes-'))
  const file = path.join(folder, 'notes.sqlite')
  expect((await run(...args, `--db=${file}`)).out).toContain(`notes           ${file}`)
  const missing = path.join(folder, 'missing', 'notes.sqlite')
  const { code, error } = await run(...args, `--db=${missing}`)
  expect([code, error]).toEqual([4, expect.stringContaining('Check --db')])
  await rm(folder, { recursive: true })
})

test('serve: uses --resource as its public URL', async () => {
  const { out } = await run(
    'serve',
    '--json',
    '--authorization-server=https://as.example.com',
    '--resource=https://mcp.example.com/notes',
    '--clock-tolerance=0',
  )
  expect(JSON.parse(out)).toMatchObject({
    url: expect.stringMatching(/:\d+\/notes$/),
    resource: 'https://mcp.example.com/notes',
  })
})

test(
  'serve: the flags and variables for tokens of products reach the server',
  { tags: ['S-17', 'S-16'] },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    vi.stubEnv('EVERGRANT_MCP_TOKEN_TYPE', 'jwt absent')
    vi.stubEnv('EVERGRANT_MCP_SCOPE_CLAIM', 'permissions')
    const token = await as.signAccessToken({
      scope: '',
      resource: 'api://notes',
      header: { typ: undefined },
      claims: { permissions: ['mcp:read'] },
    })
    const origin = 'https://inspector.example.com'
    const answers: (string | number | null)[] = []
    let url = ''
    const args = [
      `--authorization-server=${as.issuer}`,
      '--audience=api://notes',
      '--audience=6e74172b-be56-4843-9ff4-e66a39bb12e3',
      `--allowed-origin=${origin}`,
      `--jwks-uri=${as.jwksUri}`,
    ]
    const code = await runCli(['serve', '--json', ...args], {
      writeOut: (text) => void (url = new URL(String(JSON.parse(text).url)).href),
      writeError: () => undefined,
      async untilStopped() {
        const headers = { authorization: `Bearer ${token}`, origin }
        const response = await fetch(url, { headers })
        answers.push(response.status, response.headers.get('access-control-allow-origin'))
      },
    })
    vi.unstubAllEnvs()
    // The token is accepted. The server does not serve GET.
    expect([code, ...answers]).toEqual([0, 405, origin])
    expect(as.count('metadata')).toBe(0)
  },
)

test.each([
  [['serve'], '--authorization-server'],
  [['serve', '--authorization-server', 'http://as.example.com'], 'https URL'],
  [['serve', '--authorization-server', 'https://a.example', '--port', '70000'], '0 to 65535'],
  [['serve', '--authorization-server', 'https://a.example', '--host', '0.0.0.0'], 'resource'],
  [['serve', '--authorization-server', 'https://a.example', '--clock-tolerance', '-1'], 'seconds'],
  [['serve', '--authorization-server', 'https://a.example', '--token-type', ''], 'tokenTypes'],
  [['serve', '--authorization-server=https://a.example', '--jwks-uri=http://a.example'], 'jwksUri'],
  [['serve', '--authorization-server=https://a.example', '--allowed-origin=*'], 'allowedOrigins'],
  [['serve', '--authorization-server=https://a.example', '--rate-limit=-1'], 'whole number'],
  [['serve', '--authorization-server=https://a.example', '--refusal-limit=many'], 'whole number'],
  [['serve', '--authorization-server=https://a.example', '--trust-proxy=0.5'], 'whole number'],
  [
    ['serve', '--authorization-server=https://a.example', '--shutdown-timeout=4000'],
    'shutdownTimeout',
  ],
  [['serve', '--authorization-server=https://a.example', '--dpop=maybe'], 'accepted, required'],
  [
    ['serve', '--authorization-server=https://a.example', '--introspect=opaque'],
    '--introspection-client-secret-file',
  ],
  [
    ['serve', '--authorization-server=https://a.example', '--introspection-client-id=notes'],
    'Set it to opaque or all',
  ],
  [
    [
      'serve',
      '--authorization-server=https://a.example',
      '--introspect=all',
      '--introspection-client-id=notes',
      '--introspection-client-secret-file=/missing/file',
    ],
    'ENOENT',
  ],
  [['dance'], 'dance'],
])('exits with 2 and says what to do: %j', async (args, hint) => {
  const { code, out, error } = await run(...args)
  expect([code, out]).toEqual([2, ''])
  expect(error).toContain(hint)
})

test(
  'serve: the flags for introspection and bound tokens reach the server',
  { tags: ['S-12', 'S-10'] },
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-notes-'))
    const file = path.join(folder, 'secret')
    await writeFile(file, 'the-secret\n')
    const credentials: (string | null)[] = []
    const introspecting = await startFetchServer((request) => {
      credentials.push(request.headers.get('authorization'))
      return Promise.resolve(Response.json({ active: false }))
    })
    const seen: unknown[] = []
    const args = [
      '--authorization-server=https://as.example.com',
      '--dpop=accepted',
      '--introspect=opaque',
      '--introspection-client-id=notes',
      `--introspection-client-secret-file=${file}`,
      `--introspection-endpoint=${introspecting.url}/introspect`,
    ]
    let started = ''
    const code = await runCli(['serve', '--json', ...args], {
      writeOut: (text) => void (started = text),
      writeError: () => undefined,
      async untilStopped() {
        const { url } = JSON.parse(started) as { readonly url: string }
        const headers = { authorization: 'Bearer opaque-token' }
        const response = await fetch(url, { method: 'POST', headers })
        seen.push(response.status, response.headers.get('www-authenticate'))
      },
    })
    expect([code, ...seen]).toEqual([0, 401, expect.stringMatching(/^Bearer error=.*, DPoP /)])
    expect(credentials).toEqual([`Basic ${btoa('notes:the-secret')}`])
    await introspecting.close()
    await rm(folder, { recursive: true })
  },
)

test('help: is shown, with exit code 0', async () => {
  const { code, out } = await run('serve', '--help')
  expect(code).toBe(0)
  expect(out).toContain('--authorization-server <issuer>')
})
