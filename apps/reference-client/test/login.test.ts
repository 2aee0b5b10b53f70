import { startProtectedServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { startHostileMcpServer } from './hostile-servers.ts'
import { runInProcess, scene } from './support.ts'

test(
  'login: signs in without a browser, and explains the requested scope',
  { tags: ['C-02', 'C-10', 'C-20'] },
  async () => {
    await using s = await scene({ issueRefreshTokens: 'offline_access' })
    const { code, out, err } = await s.run(['login', s.url, '--headless', '--explain', '--json'])
    expect(code).toBe(0)
    const document = JSON.parse(out)
    expect(document).toMatchObject({
      serverUrl: s.url,
      outcome: 'signed-in',
      issuer: s.as.issuer,
      scope: 'mcp:read offline_access',
      missingScopes: [],
      refreshToken: 'issued',
    })
    expect(document.explanation.join('\n')).toMatch(/offline_access, .*\[C-02\]/)
    expect(err).toContain('[C-02]')
    const asked = s.as.requests.find((request) => request.endpoint === 'authorize')
    expect(asked?.query['scope']).toBe('mcp:read offline_access')
  },
)

test(
  'login: signs in through the browser and a loopback callback, and prints the URL too',
  { tags: ['C-36'] },
  async () => {
    await using s = await scene()
    const opened: string[] = []
    const pages: Promise<string>[] = []
    const { code, out, err } = await s.run(['login', s.url], {
      async openBrowser(url) {
        opened.push(url)
        const callback = new URL(new URL(url).searchParams.get('redirect_uri') ?? '')
        callback.search = 'code=forged&state=forged'
        expect((await fetch(callback)).status).toBe(400)
        // The scripted server approves at once: the redirect reaches the callback.
        pages.push(fetch(url).then((page) => page.text()))
      },
    })
    expect(code).toBe(0)
    expect(await Promise.all(pages)).toEqual([expect.stringContaining('Signed in')])
    expect(out).toContain(`Signed in to ${s.url}`)
    expect(err).toContain(opened[0])
    expect(new URL(opened[0] ?? '').searchParams.get('redirect_uri')).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/callback$/,
    )
  },
)

test('login: opens no browser with --no-browser', async () => {
  await using s = await scene()
  const address = Promise.withResolvers<string>()
  const signingIn = s.run(['login', s.url, '--no-browser'], {
    openBrowser: () => expect.unreachable('a browser was opened'),
    stderr(text) {
      const url = /http:\S+\/authorize\S+/.exec(text)?.[0]
      if (url !== undefined) address.resolve(url)
    },
  })
  await fetch(await address.promise)
  expect((await signingIn).code).toBe(0)
})

test('login: reports that the browser cannot be opened, and keeps waiting', async () => {
  await using s = await scene()
  const address = Promise.withResolvers<string>()
  const reported = Promise.withResolvers<void>()
  const signingIn = s.run(['login', s.url], {
    openBrowser(url) {
      address.resolve(url)
      throw new Error('no browser here')
    },
    stderr(text) {
      if (text.includes('The browser could not be opened')) reported.resolve()
    },
  })
  await reported.promise
  await fetch(await address.promise)
  expect((await signingIn).code).toBe(0)
})

test(
  'login: says why no refresh token was issued, and works without one',
  { tags: ['C-05'] },
  async () => {
    await using s = await scene({ issueRefreshTokens: 'never' })
    const { code, out } = await s.run(['login', s.url, '--headless', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      refreshToken: 'not-issued',
      noRefreshTokenReason: expect.stringContaining('issued none'),
    })
    expect((await s.run(['call', s.url, 'notes_list'])).code).toBe(0)
    const { out: status } = await s.run(['status', s.url])
    expect(status).toContain('There is no refresh token.')
  },
)

test('login: requests more scope with --scope, even when the user is signed in', async () => {
  await using s = await scene()
  await s.run(['login', s.url, '--headless'])
  const { out } = await s.run(['login', s.url, '--headless', '--scope', 'mcp:write', '--json'])
  expect(JSON.parse(out)).toMatchObject({ outcome: 'signed-in' })
  expect(JSON.parse(out).scope.split(' ').toSorted()).toEqual([
    'mcp:read',
    'mcp:write',
    'offline_access',
  ])
  const args = ['--args', '{"title":"hello","text":""}']
  expect((await s.run(['call', s.url, 'notes_write', ...args])).out).toContain('"title":"hello"')
})

test('login: distinguishes a refused sign-in from a failed one', async () => {
  await using s = await scene()
  s.as.faults.authorize.push({ kind: 'oauth-error', error: 'access_denied' })
  const refused = await s.run(['login', s.url, '--headless', '--json'])
  expect(refused.code).toBe(3)
  expect(JSON.parse(refused.out)).toMatchObject({
    error: {
      code: 'SIGN_IN_FAILED',
      oauthError: 'access_denied',
      command: `evergrant login ${s.url}`,
    },
  })
  s.as.faults.metadata.push({ kind: 'html' }, { kind: 'html' }, { kind: 'html' })
  const failed = await s.run(['login', s.url, '--headless', '--json'])
  expect([failed.code, JSON.parse(failed.out).error.code]).toEqual([4, 'DISCOVERY_FAILED'])
})

test('login: Ctrl-C ends a sign-in that the user does not complete', async () => {
  await using s = await scene()
  const interruption = new AbortController()
  const { code, out } = await s.run(['login', s.url, '--json'], {
    signal: interruption.signal,
    openBrowser: () => interruption.abort(),
  })
  expect([code, JSON.parse(out)]).toEqual([
    130,
    { error: { code: 'INTERRUPTED', message: 'Interrupted.' } },
  ])
})

test.each([
  [[], 'Usage: evergrant'],
  [['dance'], 'dance'],
  [['login'], 'mcp-url'],
  [['login', 'not a url'], 'MCP server URL'],
  [['login', 'ftp://example.com'], 'https://'],
  [['login', 'http://mcp.example/mcp'], 'http is for loopback hosts only'],
  [['call', 'http://127.0.0.1:1/mcp', 'x', '--args', '[1]'], 'JSON object'],
  [['call', 'http://127.0.0.1:1/mcp', 'x', '--args', '{'], 'JSON object'],
  [['call', 'http://127.0.0.1:1/mcp', 'x', '--repeat', '0'], 'at least 1'],
  [['call', 'http://127.0.0.1:1/mcp', 'x', '--every', 'soon'], 'whole number'],
])('usage: exits with 2 and says what to do: %j', async (args, hint) => {
  await using s = await scene()
  const { code, out, err } = await s.run(args)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(hint)
  const { code: withJson, out: document } = await s.run([...args, '--json'])
  expect(withJson).toBe(2)
  expect(JSON.parse(document)).toEqual({
    error: { code: expect.any(String), message: expect.stringMatching(/\S/) },
  })
})

test('usage: shows help and version, and exits with 0', async () => {
  const help = await runInProcess(['call', '--help'], {})
  expect(help.code).toBe(0)
  expect(help.out).toContain('--parallel <count>')
  expect((await runInProcess(['--version'], {})).out).toMatch(/^\d+\.\d+\.\d+/)
})

test('login: prints warnings about the metadata of servers', { tags: ['C-04'] }, async () => {
  await using s = await scene()
  await using other = await startProtectedServer(s.as, {
    scopesSupported: ['mcp:read', 'offline_access'],
  })
  s.as.overrideMetadata({ scopes_supported: ['mcp:read'] })
  const { code, out, err } = await s.run(['login', other.resource, '--headless', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ scope: 'mcp:read' })
  expect(JSON.parse(out).warnings.join('\n')).toContain('offline_access')
  expect(err).toContain('Warning: ')
})

test(
  'login: signs in with a client registered by hand, at a server without registration',
  { tags: ['C-37', 'C-39'] },
  async () => {
    await using s = await scene({ clients: [{ clientId: 'by-hand' }] })
    s.as.faults.register.push({ kind: 'status', status: 403 })
    const refused = await s.run(['login', s.url, '--headless', '--json'])
    expect(refused.code).toBe(4)
    expect(JSON.parse(refused.out).error).toMatchObject({
      code: 'REGISTRATION_FAILED',
      command: `evergrant login ${s.url} --client-id ID --issuer URL`,
    })

    const login = ['login', s.url, '--headless', '--json', '--client-id', 'by-hand']
    const halved = await s.run(login)
    expect(halved.code).toBe(2)
    expect(halved.err).toContain('Use --client-id and --issuer together')

    const elsewhere = await s.run([...login, '--issuer', 'https://other.test'])
    expect(JSON.parse(elsewhere.out).clientId).not.toBe('by-hand')

    const registrations = s.as.requests.filter(({ endpoint }) => endpoint === 'register').length
    const { code, out } = await s.run([...login, '--issuer', s.as.issuer])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ clientId: 'by-hand', refreshToken: 'issued' })
    expect(s.as.requests.filter(({ endpoint }) => endpoint === 'register')).toHaveLength(
      registrations,
    )
  },
)

test(
  'login: accepts a resource wider than the server only with --resource',
  { tags: ['C-34', 'C-39'] },
  async () => {
    await using s = await scene()
    await using mcp = await startHostileMcpServer(
      s.as,
      { resource: 'origin' },
      (origin) => `, resource_metadata="${origin}/tenant/oauth-protected-resource"`,
    )
    const login = ['login', mcp.url, '--headless', '--json']
    const refused = await s.run(login)
    expect([refused.code, JSON.parse(refused.out).error.code]).toEqual([4, 'RESOURCE_TOO_WIDE'])
    const other = await s.run([...login, '--resource', 'http://127.0.0.1:1/'])
    expect(JSON.parse(other.out).error.code).toBe('RESOURCE_TOO_WIDE')
    expect(s.as.count('authorize')).toBe(0)

    const { origin } = new URL(mcp.url)
    expect((await s.run([...login, '--resource', origin])).code).toBe(0)
    const asked = s.as.requests.find(({ endpoint }) => endpoint === 'authorize')
    expect(new URL(asked?.query['resource'] ?? '').origin).toBe(origin)
  },
)
