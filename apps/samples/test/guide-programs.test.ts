import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { parseClientIdMetadataDocument } from '@evergrant/core/registration'
import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { ScriptedAuthorizationServerOptions } from '@evergrant/test-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBrowserSession, deliverResponse } from '../src/browser-sign-in.ts'
import { connect } from '../src/client-metadata-document.ts'
import { takeOver } from '../src/import-sign-in.ts'
import { signInMethods } from '../src/sign-in-methods.ts'
import { openStore } from '../src/store-file.ts'

const sources = path.resolve(import.meta.dirname, '../src')
let home = ''
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'evergrant-samples-'))
})
afterAll(async () => {
  await rm(home, { recursive: true })
})

/** Runs a program of a guide, and returns what it prints. */
async function run(
  name: string,
  parameters: readonly string[],
  onLine: (line: string) => void = () => undefined,
): Promise<readonly string[]> {
  const child = spawn(
    process.execPath,
    ['--conditions=workspace:source', path.join(sources, name), ...parameters],
    {
      cwd: home,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, HOME: home, USERPROFILE: home, CLIENT_SECRET: 'a-long-client-secret' },
    },
  )
  const exit = once(child, 'exit')
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(line)
    onLine(line)
  }
  expect(await exit).toEqual([0, null])
  return lines
}

async function startServers(options: ScriptedAuthorizationServerOptions = {}) {
  const as = await startScriptedAuthorizationServer(options)
  const server = await startProtectedServer(as, { scopesSupported: ['mcp:read'] })
  return {
    as,
    url: server.resource,
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}

test(
  'client-credentials.ts: calls the server with the secret, without a user',
  { tags: ['C-37'] },
  async () => {
    await using it = await startServers({
      clients: [{ clientId: 'my-client', clientSecret: 'a-long-client-secret' }],
    })
    const lines = await run('client-credentials.ts', [it.url, it.as.issuer, 'my-client'])
    expect(lines).toEqual(['The MCP server answers 200.'])
    expect(it.as.count('authorize')).toBe(0)
  },
)

test(
  'device-sign-in.ts, sign-out.ts: signs in with a code, and revokes the tokens',
  { tags: ['C-45', 'C-57'] },
  async () => {
    await using it = await startServers({ deviceGrant: { intervalSeconds: 1 } })
    const lines = await run('device-sign-in.ts', [it.url], (line) => {
      if (line.startsWith('Open ')) it.as.approveDevice()
    })
    expect(lines).toEqual([
      expect.stringMatching(/^Open http:\S+user_code=\w+ and compare the code \w+\.$/),
      'Signed in with the scope mcp:read offline_access.',
    ])
    expect(it.as.isGrantAlive()).toBe(true)
    expect(await run('sign-out.ts', [it.url])).toEqual([
      'Revocation: revoked',
      'Settled later: 0, still pending: 0',
    ])
    expect(it.as.isGrantAlive()).toBe(false)
  },
)

test(
  'refresh-token-program.ts: forgives a lost response, and revokes the family after reuse',
  { tags: ['A-05', 'A-06'] },
  async () => {
    const lines = await run('refresh-token-program.ts', [])
    expect(lines.map((line) => line.split(': ').at(-1))).toEqual([
      'The user consented to offline_access.',
      'rotated',
      'true',
      'rotated',
      'family-revoked',
    ])
  },
)

test('doctor-check.ts: writes a report and a recording', { tags: ['C-31'] }, async () => {
  await using it = await startServers()
  const lines = await run('doctor-check.ts', [it.url])
  expect(lines.at(-1)).toMatch(/^Findings: \d+$/)
  expect(await readFile(path.join(home, 'report.html'), 'utf8')).toContain('</html>')
  expect(await readFile(path.join(home, 'recording.json'), 'utf8')).toContain(it.as.issuer)
})

test(
  'import-sign-in.ts: takes over the tokens of a provider, and refreshes them',
  { tags: ['C-51'] },
  async () => {
    await using it = await startServers({ clients: [{ clientId: 'theirs' }] })
    const { accessToken, refreshToken } = await it.as.issueGrant({
      clientId: 'theirs',
      scope: 'mcp:read offline_access',
      resource: it.url,
    })
    const stored = {
      client: { client_id: 'theirs' },
      tokens: { access_token: accessToken, refresh_token: refreshToken, scope: 'mcp:read' },
    }
    const store = memoryStore()
    expect(await takeOver(it.url, store, stored)).toBe('taken over')
    expect(await takeOver(it.url, store, stored)).toBe('already signed in')
    const session = createSession(it.url, { store, client: { name: 'My client' } })
    const calls = Array.from({ length: 5 }, () => authorizedFetch(session)(it.url))
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect([it.as.refreshRequests(), it.as.count('authorize')]).toEqual([1, 0])
  },
)

test(
  'browser-sign-in.ts: signs in through a window, once for concurrent calls, beside another tab',
  { tags: ['C-36', 'C-51'] },
  async () => {
    await using it = await startServers()
    const redirectUri = 'https://app.example.com/callback'
    let windows = 0
    const session = createBrowserSession(it.url, redirectUri, (url) => {
      windows += 1
      deliverResponse('not a URL')
      deliverResponse(`${redirectUri}?code=of-another-tab&state=of-another-tab`)
      void fetch(url, { redirect: 'manual' }).then((response) =>
        deliverResponse(response.headers.get('location') ?? ''),
      )
    })
    const calls = Array.from({ length: 3 }, () => authorizedFetch(session)(it.url))
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(windows).toBe(1)
  },
)

test(
  'client-metadata.json: is a valid document, declares refresh_token, and is used as client_id',
  { tags: ['C-01', 'C-37'] },
  async () => {
    const url = 'https://client.example.com/oauth/client-metadata.json'
    const text = await readFile(path.join(sources, 'client-metadata.json'), 'utf8')
    const document = parseClientIdMetadataDocument(JSON.parse(text), url)
    expect(document.grant_types).toContain('refresh_token')
    await using it = await startServers({ clientIdMetadataDocuments: true })
    const session = connect(it.url, { store: memoryStore(), signIn: headlessSignIn() })
    await session.signIn()
    expect((await session.status()).identity).toMatchObject({ clientId: url })
  },
)

test(
  'store-file.ts, sign-in-methods.ts: open a store and create each method',
  { tags: ['C-06'] },
  async () => {
    const store = await openStore(path.join(home, 'other'))
    await store.close()
    expect(Object.values(signInMethods).map(({ kind }) => kind)).toEqual([
      'interactive',
      'device',
      'redirect',
      'client-credentials',
      'interactive',
    ])
  },
)
