import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { mcpRemoteHash } from '../src/mcp-remote/store-names.ts'
import { filesBeneath, scene, temporaryFolder } from './support.ts'
import type { Scene } from './support.ts'

interface McpRemoteHome extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  readonly store: string
  readonly home: string
  files(): Promise<readonly string[]>
}

/** A home with a store of mcp-remote. */
async function mcpRemoteHome({ env }: Scene): Promise<McpRemoteHome> {
  const folder = await temporaryFolder()
  const store = path.join(folder.path, '.mcp-auth', 'mcp-remote-v1')
  await mkdir(store, { recursive: true })
  return {
    env: { ...env, HOME: folder.path, XDG_CONFIG_HOME: path.join(folder.path, '.config') },
    store,
    home: folder.path,
    files: () => filesBeneath(path.join(folder.path, '.mcp-auth')),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  }
}

/** Stores a sign-in as mcp-remote would. */
async function storeSignIn(
  s: Scene,
  home: McpRemoteHome,
  hash: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const redirectUri = 'http://localhost:4321/oauth/callback'
  const registered = await fetch(`${s.as.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }),
  })
  const client = (await registered.json()) as { client_id: string }
  const issued = await s.as.issueGrant({
    clientId: client.client_id,
    scope: 'mcp:read',
    resource: s.url,
  })
  await writeFile(
    path.join(home.store, `${hash}_client_info.json`),
    JSON.stringify({ ...client, redirect_uris: [redirectUri] }),
  )
  await writeFile(
    path.join(home.store, `${hash}_tokens.json`),
    JSON.stringify({
      access_token: issued.accessToken,
      refresh_token: issued.refreshToken,
      token_type: 'Bearer',
      scope: 'mcp:read',
      expires_at: Date.now() - 1000,
      issuer: s.as.issuer,
      ...more,
    }),
  )
}

test('import: takes over a sign-in of mcp-remote for a given URL, and leaves its files unchanged', async () => {
  await using s = await scene()
  await using home = await mcpRemoteHome(s)
  await storeSignIn(s, home, mcpRemoteHash({ serverUrl: s.url }))
  const before = await home.files()
  const { code, out } = await s.run(['import', 'mcp-remote', s.url], { env: home.env })
  expect([code, out]).toEqual([0, expect.stringContaining(`Taken over: ${s.url}`)])
  expect(await home.files()).toEqual(before)
  expect(s.as.refreshRequests()).toBe(0)

  const called = await s.run(['call', s.url, 'notes_list'], { env: home.env })
  expect([called.code, called.out]).toEqual([0, '{"notes":[]}\n'])
  expect(s.as.count('token', 'refreshed')).toBe(1)
  expect(s.as.count('authorize')).toBe(0)
})

test('import: finds the URL and the options in the configuration of a host', async () => {
  await using s = await scene()
  await using home = await mcpRemoteHome(s)
  const args = ['mcp-remote@latest', s.url, '9696', '--header', 'X-Team: ${TEAM}']
  const hash = mcpRemoteHash({ serverUrl: s.url, headers: [{ name: 'X-Team', value: '${TEAM}' }] })
  await storeSignIn(s, home, hash)
  await mkdir(path.join(home.home, '.cursor'))
  await writeFile(
    path.join(home.home, '.cursor', 'mcp.json'),
    `// servers\n${JSON.stringify({ mcpServers: { notes: { command: 'npx', args: ['-y', ...args] } } })}`,
  )
  const env = { ...home.env, TEAM: 'blue' }
  const { code, out } = await s.run(['import', 'mcp-remote'], { env })
  expect([code, out]).toEqual([0, expect.stringContaining(`Taken over: ${s.url}`)])
})

test('import: says what could not be taken over, and why', async () => {
  await using s = await scene()
  await using home = await mcpRemoteHome(s)
  const unknown = 'a'.repeat(32)
  await storeSignIn(s, home, unknown)
  const { code, out } = await s.run(['import', 'mcp-remote', `${s.url}/other`], { env: home.env })
  expect(code).toBe(4)
  expect(out).toContain(`Not taken over: the sign-in ${unknown}: no URL leads to this name.`)
  expect(out).toContain(
    `Not taken over: ${s.url}/other: mcp-remote has no sign-in for exactly this URL`,
  )
})

test.each([
  ['tokens that are damaged', '{"access_token":', 'its tokens cannot be read'],
  ['tokens of another type', '{"access_token":"x","token_type":"mac"}', 'not bearer tokens'],
])('import: leaves out %s', async (_name, content, why) => {
  await using s = await scene()
  await using home = await mcpRemoteHome(s)
  const hash = mcpRemoteHash({ serverUrl: s.url })
  await storeSignIn(s, home, hash)
  await writeFile(path.join(home.store, `${hash}_tokens.json`), content)
  const { out } = await s.run(['import', 'mcp-remote', s.url], { env: home.env })
  expect(out).toContain(why)
  expect(await readdir(home.store)).toHaveLength(2)
})

test('import: refuses tokens of another authorization server, and keeps a stored sign-in', async () => {
  await using s = await scene()
  await using home = await mcpRemoteHome(s)
  const hash = mcpRemoteHash({ serverUrl: s.url })
  await storeSignIn(s, home, hash, { issuer: 'https://other.example' })
  const other = await s.run(['import', 'mcp-remote', s.url], { env: home.env })
  expect(other.out).toContain('"https://other.example" issued the tokens')

  await storeSignIn(s, home, hash)
  await s.run(['login', s.url, '--headless'], { env: home.env })
  const kept = await s.run(['import', 'mcp-remote', s.url], { env: home.env })
  expect(kept.out).toContain('a sign-in is stored already')
  expect(await readFile(path.join(home.store, `${hash}_tokens.json`), 'utf8')).toContain(
    s.as.issuer,
  )
})

test('import: says that mcp-remote has stored nothing', async () => {
  await using s = await scene()
  await using home = await temporaryFolder()
  const env = { ...s.env, HOME: home.path, MCP_REMOTE_CONFIG_DIR: path.join(home.path, 'none') }
  const { code, out } = await s.run(['import', 'mcp-remote'], { env })
  expect([code, out]).toEqual([0, expect.stringContaining('has stored no sign-in')])
})

test.skipIf(process.platform === 'win32')(
  'import: does not read a stored file that is a device',
  async () => {
    await using s = await scene()
    await using home = await mcpRemoteHome(s)
    await symlink(
      '/dev/zero',
      path.join(home.store, `${mcpRemoteHash({ serverUrl: s.url })}_tokens.json`),
    )
    const { code, out } = await s.run(['import', 'mcp-remote', s.url], { env: home.env })
    expect(code).toBe(4)
    expect(out).toContain('its tokens cannot be read')
  },
)
