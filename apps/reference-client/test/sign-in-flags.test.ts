import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startScriptedAuthorizationServer, startServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { runInProcess, scene, temporaryFolder } from './support.ts'

/** Opens the authorization page, and returns where its redirect leads. */
async function redirectOf(authorizationUrl: string): Promise<string> {
  const response = await fetch(authorizationUrl, { redirect: 'manual' })
  return response.headers.get('location') ?? ''
}

function urlIn(text: string): string | undefined {
  return /http:\S+\/authorize\S+/.exec(text)?.[0]
}

test.each([
  [['--callback-host', 'localhost'], /^http:\/\/localhost:\d+\/callback$/],
  [['--redirect-uri', 'http://localhost'], /^http:\/\/localhost:\d+$/],
  [['--redirect-uri', 'http://127.0.0.1/oauth/done'], /^http:\/\/127\.0\.0\.1:\d+\/oauth\/done$/],
])('login: %j chooses the redirect URI', async (flags, expected) => {
  await using s = await scene()
  const { code } = await s.run(['login', s.url, ...flags], {
    openBrowser: async (url) => void (await fetch(url)),
  })
  expect(code).toBe(0)
  const asked = s.as.requests.find((request) => request.endpoint === 'authorize')
  expect(asked?.query['redirect_uri']).toMatch(expected)
})

test('login: --callback-port is the only port, and a taken one is an error that names it', async () => {
  await using s = await scene()
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const port = String((taken.address() as AddressInfo).port)
  const failed = await s.run(['login', s.url, '--callback-port', port])
  expect(failed.code).toBe(3)
  expect(failed.err).toMatch(
    new RegExp(`127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\).*--callback-port`),
  )
  taken.close()
  await once(taken, 'close')
  const { code } = await s.run(['login', s.url, '--callback-port', port], {
    openBrowser: async (url) => void (await fetch(url)),
  })
  expect(code).toBe(0)
})

test.each([
  [['--redirect-uri', 'http://example.test/callback'], 'http on a host that is not loopback'],
  [['--redirect-uri', 'javascript:alert(1)'], 'scheme'],
  [['--redirect-uri', 'http://localhost/a?b=c'], 'no query'],
  [['--redirect-uri', 'http://localhost', '--callback-port', '1'], 'cannot be used with'],
  [['--callback-port', '-1'], 'whole number'],
  [['--callback-port', '70000'], '65535'],
  [['--callback-host', '192.168.0.1'], 'Allowed choices'],
  [['--prompt', 'login'], 'Allowed choices'],
  [['--provider', 'unknown'], 'Allowed choices'],
])('login: %j is a usage error that says what is expected', async (flags, words) => {
  await using s = await scene()
  const { code, err } = await s.run(['login', s.url, ...flags])
  expect(code).toBe(2)
  expect(err).toContain(words)
})

test('login: a browser on another machine completes the sign-in with a pasted URL', async () => {
  await using s = await scene()
  const address = Promise.withResolvers<string>()
  const lines = ['', 'https://example.test/', 'forged']
  const { code, err } = await s.run(['login', s.url, '--no-browser'], {
    stderr(text) {
      const url = urlIn(text)
      if (url !== undefined) address.resolve(url)
    },
    async readLine() {
      const line = lines.shift()
      const callback = await redirectOf(await address.promise)
      if (line === 'forged') return callback.replace(/state=[^&]+/, 'state=forged')
      return line ?? ` ${callback} `
    },
  })
  expect(code).toBe(0)
  expect(err).toContain('it must start with http://127.0.0.1:')
  expect(err).toContain('belongs to another sign-in')
})

test('login: with a redirect URI that is not on loopback, the user pastes the response', async () => {
  await using s = await scene()
  const address = Promise.withResolvers<string>()
  const { code, err } = await s.run(
    ['login', s.url, '--redirect-uri', 'https://gateway.test/oauth/done'],
    {
      openBrowser: (url) => address.resolve(url),
      readLine: async () => await redirectOf(await address.promise),
    },
  )
  expect(code).toBe(0)
  expect(err).toContain('the browser goes to https://gateway.test/oauth/done')
})

test('login: without a terminal, a redirect URI that is not on loopback is an error that says what to do', async () => {
  await using s = await scene()
  const { code, err } = await s.run(['login', s.url, '--redirect-uri', 'https://gateway.test/done'])
  expect(code).toBe(3)
  expect(err).toMatch(/no terminal to paste.*or use a redirect URI on loopback/)
})

test(
  'login: --prompt never and --provider leave prompt=consent out, and --prompt consent adds it',
  { tags: ['C-07'] },
  async () => {
    await using s = await scene()
    s.as.overrideMetadata({ scopes_supported: ['openid', 'mcp:read', 'offline_access'] })
    async function promptWith(...flags: readonly string[]): Promise<string | undefined> {
      const { code } = await s.run(['login', s.url, '--headless', ...flags])
      expect(code).toBe(0)
      const asked = s.as.requests.findLast((request) => request.endpoint === 'authorize')
      return asked?.query['prompt']
    }
    expect(await promptWith()).toBe('consent')
    expect(await promptWith('--prompt', 'never')).toBeUndefined()
    expect(await promptWith('--provider', 'ory-hydra')).toBeUndefined()
    expect(await promptWith('--prompt', 'consent', '--provider', 'ory-hydra')).toBe('consent')
  },
)

test(
  'login: a server that does not list S256 is refused, unless --assume-pkce-s256 is given',
  { tags: ['C-33'] },
  async () => {
    await using s = await scene()
    s.as.overrideMetadata({ code_challenge_methods_supported: undefined })
    const refused = await s.run(['login', s.url, '--headless', '--json'])
    expect(JSON.parse(refused.out).error).toMatchObject({
      code: 'PKCE_NOT_SUPPORTED',
      message: expect.stringContaining('--assume-pkce-s256'),
    })
    const accepted = await s.run(['login', s.url, '--headless', '--assume-pkce-s256', '--json'])
    expect(accepted.code).toBe(0)
    expect(JSON.parse(accepted.out).assumptions).toEqual([
      { code: 'pkce-s256-assumed', message: expect.stringContaining('S256') },
    ])
    expect(accepted.err).toContain('Assumed: ')
    expect((await s.run(['status', s.url])).out).toMatch(/assumed +.*S256/)
  },
)

test(
  'login: a client for another issuer is an error that names both, and --dynamic-registration registers a client there',
  { tags: ['C-40'] },
  async () => {
    await using s = await scene()
    const byHand = ['--client-id', 'x', '--issuer', 'https://a.test']
    const refused = await s.run(['login', s.url, '--headless', '--json', ...byHand])
    expect(refused.code).toBe(4)
    const { code, message } = JSON.parse(refused.out).error
    expect(code).toBe('REGISTRATION_FAILED')
    for (const words of ['https://a.test', s.as.issuer, '--client-id', '--dynamic-registration']) {
      expect(message).toContain(words)
    }
    expect(s.as.count('register')).toBe(0)
    expect((await s.run(['login', s.url, '--headless', '--dynamic-registration'])).code).toBe(0)
    expect(s.as.count('register')).toBe(1)
  },
)

test(
  'login: a client registered by hand is remembered after logout',
  { tags: ['C-41'] },
  async () => {
    await using s = await scene({ clients: [{ clientId: 'by-hand' }] })
    const byHand = ['--client-id', 'by-hand', '--issuer', s.as.issuer]
    expect((await s.run(['login', s.url, '--headless', ...byHand])).code).toBe(0)
    await s.run(['logout', s.url])
    const again = await s.run(['login', s.url, '--headless', '--json'])
    expect(JSON.parse(again.out)).toMatchObject({ clientId: 'by-hand' })
    const dynamic = ['login', s.url, '--headless', '--json', '--dynamic-registration']
    expect(JSON.parse((await s.run(dynamic)).out).clientId).not.toBe('by-hand')
  },
)

test(
  'login: a client that the server forgot is replaced, and after logout there is a new one',
  { tags: ['C-41'] },
  async () => {
    await using s = await scene()
    const clientIdOf = async (...flags: readonly string[]): Promise<string> =>
      JSON.parse((await s.run(['login', s.url, '--headless', '--json', ...flags])).out).clientId
    const first = await clientIdOf()
    const second = await clientIdOf('--register-again')
    expect(second).not.toBe(first)
    await s.run(['logout', s.url])
    const third = await clientIdOf()
    expect(third).not.toBe(second)
  },
)

test(
  'login: metadata of another issuer is refused, unless --trusted-issuer names it',
  { tags: ['C-32'] },
  async () => {
    await using s = await scene()
    const elsewhere = `${s.as.issuer}/tenant`
    s.as.overrideMetadata({ issuer: elsewhere })
    const refused = await s.run(['login', s.url, '--headless', '--json'])
    expect(refused.code).toBe(4)
    expect(JSON.parse(refused.out).error).toMatchObject({
      code: 'METADATA_MISMATCH',
      message: expect.stringContaining('--trusted-issuer'),
    })
    // With the option, the sign-in gets as far as the response, whose iss is another issuer.
    const flags = ['--headless', '--json', '--trusted-issuer', elsewhere]
    const trusting = await s.run(['login', s.url, ...flags])
    expect(JSON.parse(trusting.out).error.code).toBe('AUTHORIZATION_RESPONSE_INVALID')
    expect(s.as.count('authorize')).toBe(1)
  },
)

test.each([
  ['HTTPS_PROXY', 407],
  ['https_proxy', 503],
])('proxy: %s is used, and an error names it with its answer', async (variable, status) => {
  const connects: string[] = []
  const proxy = createServer()
  proxy.on('connect', (request, socket) => {
    connects.push(request.url ?? '')
    socket.end(`HTTP/1.1 ${status} Refused\r\n\r\n`)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  await using home = await temporaryFolder()
  const { code, err } = await runInProcess(['login', 'https://mcp.test/mcp'], {
    env: { EVERGRANT_HOME: home.path, EVERGRANT_KEY: 'key-file', [variable]: url },
  })
  proxy.close()
  expect(code).toBe(4)
  expect(connects).toEqual(['mcp.test:443'])
  expect(err).toContain(`${variable} names the proxy ${url}`)
  expect(err).toContain(`status ${status}`)
  expect(err).toContain('NO_PROXY')
})

test('proxy: an unusable variable is a usage error that names it', async () => {
  await using s = await scene()
  const { code, err } = await s.run(['login', s.url], {
    env: { ...s.env, HTTPS_PROXY: 'ftp://user:pa55word@proxy.test' },
  })
  expect(code).toBe(2)
  expect(err).toContain('HTTPS_PROXY')
  expect(err).not.toContain('pa55word')
})

test('proxy: loopback servers are reached directly', async () => {
  await using s = await scene()
  const { code } = await s.run(['login', s.url, '--headless'], {
    env: { ...s.env, HTTP_PROXY: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1' },
  })
  expect(code).toBe(0)
})

/** An MCP server that refuses every token in its own way. */
async function refusingServer(issuer: string, status: number, challenge: string) {
  const server = await startServer((request, response) => {
    if (request.url?.startsWith('/.well-known/') === true) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({ resource: `${server.url}/mcp`, authorization_servers: [issuer] }),
      )
      return
    }
    const { authorization = '' } = request.headers
    const refusal = challenge.replaceAll('$TOKEN', authorization.replace('Bearer ', ''))
    response.writeHead(authorization === '' ? 401 : status, {
      'www-authenticate': authorization === '' ? 'Bearer scope="mcp:read"' : refusal,
    })
    response.end()
  })
  return server
}

test(
  'login: a token that the MCP server refuses is a failure with the words of the server',
  { tags: ['C-42', 'C-59'] },
  async () => {
    await using as = await startScriptedAuthorizationServer({})
    await using home = await temporaryFolder()
    const env = { EVERGRANT_HOME: home.path, EVERGRANT_KEY: 'key-file' }
    await using server = await refusingServer(
      as.issuer,
      401,
      'Bearer error="invalid_token", error_description="audience mismatch for $TOKEN"',
    )
    const url = `${server.url}/mcp`
    const { code, out, err } = await runInProcess(['login', url, '--headless', '--json'], { env })
    expect(code).toBe(4)
    expect(JSON.parse(out).error).toMatchObject({
      code: 'RESOURCE_REFUSED',
      message: expect.stringMatching(
        /refuses its access token: status 401, invalid_token, "audience mismatch for \[redacted\]"\. Ask its operator which issuer/,
      ),
    })
    expect(err).not.toContain('you stay signed in')
  },
)

test.each([
  [403, 'Bearer error="insufficient_scope", scope="mcp:admin"', 'requires more scope (mcp:admin)'],
  [500, '', 'not tried: the MCP server failed (status 500)'],
  [400, '', 'accepted by the MCP server'],
])(
  'login: status %i for the new token is reported, and is no failure',
  { tags: ['C-42'] },
  async (status, challenge, words) => {
    await using as = await startScriptedAuthorizationServer({})
    await using home = await temporaryFolder()
    const env = { EVERGRANT_HOME: home.path, EVERGRANT_KEY: 'key-file' }
    await using server = await refusingServer(as.issuer, status, challenge)
    const { code, out } = await runInProcess(['login', `${server.url}/mcp`, '--headless'], { env })
    expect(code).toBe(0)
    expect(out).toContain(words)
    expect(out.includes('you stay signed in')).toBe(status < 500)
  },
)
