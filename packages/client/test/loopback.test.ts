import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from '@evergrant/test-kit'
import type { EvergrantClientError } from '../src/index.ts'
import { loopbackSignIn } from '../src/loopback.ts'
import type { LoopbackSignInOptions } from '../src/loopback.ts'

const authorizationUrl = 'https://as.test/authorize?state=expected'

/** A sign-in that waits for its callback, and raw connections to it. */
async function waitingSignIn() {
  const prepared = await loopbackSignIn(() => undefined).prepare()
  const { hostname, port } = new URL(prepared.redirectUri)
  const answered = prepared.authorize(authorizationUrl)
  answered.catch(() => undefined)
  const sockets: Socket[] = []
  async function open(): Promise<Socket> {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    sockets.push(socket)
    await once(socket, 'connect')
    return socket
  }
  return {
    ...prepared,
    answered,
    authority: `${hostname}:${port}`,
    open,
    /** Sends bytes, and returns what arrives until the server closes the connection. */
    async exchange(bytes: string): Promise<string> {
      const socket = await open()
      let text = ''
      socket.on('data', (chunk) => (text += String(chunk)))
      socket.write(bytes)
      await closed(socket)
      return text
    },
    async [Symbol.asyncDispose]() {
      await prepared.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** A connection that is reset counts as closed, too. */
async function closed(socket: Socket): Promise<void> {
  await new Promise((resolve) => {
    socket.once('close', resolve)
  })
}

function request(target: string, authority: string, method = 'GET'): string {
  return `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`
}

test.each([
  ['two slashes', '//'],
  ['an authority that is not one', '//['],
  ['another authority', '//evil.example/callback?state=expected&code=x'],
  ['an absolute URL', 'http://evil.example/callback?state=expected&code=x'],
  ['an absolute URL of this server', 'http://127.0.0.1/callback?state=expected&code=x'],
  ['an absolute URL that is not one', 'http://[/callback?state=expected'],
  ['an asterisk', '*'],
  ['dot segments that lead away', '/callback/..?state=expected&code=x'],
  ['dot segments that lead here', '/x/../callback?state=expected&code=x'],
  ['an encoded path', '/%63allback?state=expected&code=x'],
  ['a trailing slash', '/callback/?state=expected&code=x'],
  ['a fragment', '/callback?state=expected&code=x#fragment'],
  ['a backslash', '/\\callback?state=expected&code=x'],
])(
  'loopback: %s is not the callback, and the wait goes on',
  { tags: ['C-36'] },
  async (_what, target) => {
    await using it = await waitingSignIn()
    expect(await it.exchange(request(target, it.authority))).toMatch(/^HTTP\/1\.1 40[04] /)
    const callback = '/callback?state=expected&code=right'
    expect(await it.exchange(request(callback, it.authority))).toMatch(/^HTTP\/1\.1 200 /)
    expect(await it.answered).toBe(`${it.redirectUri}?state=expected&code=right`)
  },
)

test.each([
  [
    'a target that is too long',
    (authority: string) => request(`/${'x'.repeat(70_000)}`, authority),
  ],
  ['another method', (authority: string) => request('/callback?state=expected', authority, 'POST')],
  ['no HTTP at all', () => '\u0016\u0003\u0001\u0002\r\n\r\n'],
  ['a CONNECT request', (authority: string) => request('evil.example:443', authority, 'CONNECT')],
  ['malformed percent escapes', (authority: string) => request('/callback?state=%zz%', authority)],
])('loopback: %s does not end the wait', { tags: ['C-36'] }, async (_what, bytes) => {
  await using it = await waitingSignIn()
  expect(await it.exchange(bytes(it.authority))).not.toMatch(/^HTTP\/1\.1 200 /)
  await it.exchange(request('/callback?state=expected&code=right', it.authority))
  expect(await it.answered).toBe(`${it.redirectUri}?state=expected&code=right`)
})

test(
  'loopback: the callback URL is the redirect URI with the received query',
  { tags: ['C-36'] },
  async () => {
    await using it = await waitingSignIn()
    const query = 'state=expected&code=%zz&iss=https%3A%2F%2Fas.test&x=%F0'
    const lines = request(`/callback?${query}`, 'evil.example')
    expect(await it.exchange(lines)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await it.answered).toBe(`${it.redirectUri}?${query}`)
  },
)

test.each([['callback'], ['//[?'], ['/a?b'], ['/a#b'], ['/a/../b'], ['/a b']])(
  'loopback: refuses the path option %j',
  (path) => {
    expect(() => loopbackSignIn(() => undefined, { path })).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining('such as /callback'),
      }),
    )
  },
)

test.each([
  ['silent', ''],
  ['in the middle of a request', 'GET /callback?state=expected HTTP/1.1\r\nHost: a\r\nX-Half'],
  ['in the middle of a request line', 'GET /call'],
])(
  'loopback: a connection that is %s does not delay the end of the sign-in',
  { tags: ['C-36'] },
  async (_what, bytes) => {
    await using it = await waitingSignIn()
    const idle = await Promise.all(Array.from({ length: 8 }, () => it.open()))
    for (const socket of idle) socket.write(bytes)
    const ended = Promise.all(idle.map((socket) => closed(socket)))
    expect(
      await it.exchange(request('/callback?state=expected&code=right', it.authority)),
    ).toContain('You can close this page')
    await it.answered
    await it.close()
    await ended
  },
)

test(
  'loopback: a browser that never reads its response does not delay the end',
  { tags: ['C-36'] },
  async () => {
    await using it = await waitingSignIn()
    const slow = await it.open()
    slow.pause()
    slow.write(
      `POST /callback HTTP/1.1\r\nHost: ${it.authority}\r\nContent-Length: 1000000\r\n\r\nhalf`,
    )
    slow.write('GET /callback?state=expected&code=right HTTP/1.1\r\n')
    await it.exchange(request('/callback?state=expected&code=right', it.authority))
    expect(await it.answered).toContain('code=right')
    await it.close()
  },
)

test('loopback: limits the number of connections', { tags: ['C-36'] }, async () => {
  await using it = await waitingSignIn()
  const many = await Promise.all(Array.from({ length: 100 }, () => it.open()))
  let dropped = 0
  const enough = Promise.withResolvers<void>()
  for (const socket of many) {
    socket.once('close', () => {
      dropped += 1
      if (dropped === 100 - 64) enough.resolve()
    })
  }
  await enough.promise
  expect(dropped).toBe(100 - 64)
  await it.close()
})

test('loopback: closes repeatedly, even if it was prepared and never used', async () => {
  const prepared = await loopbackSignIn(() => undefined).prepare()
  const { hostname, port } = new URL(prepared.redirectUri)
  await Promise.all([prepared.close(), prepared.close()])
  await prepared.close()
  const socket = connect(Number(port), hostname)
  const [error] = await once(socket, 'error')
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
})

test('loopback: closing ends a wait with an error', async () => {
  await using it = await waitingSignIn()
  await it.close()
  const error = await it.answered.catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'SIGN_IN_FAILED' } satisfies Partial<EvergrantClientError>)
})

test('loopback: a response counts even if the browser launcher never returns', async () => {
  const opened = Promise.withResolvers<void>()
  const prepared = await loopbackSignIn(() => {
    opened.resolve()
    return new Promise<void>(() => undefined)
  }).prepare()
  const answered = prepared.authorize(authorizationUrl)
  await opened.promise
  await fetch(`${prepared.redirectUri}?state=expected&code=right`)
  expect(await answered).toBe(`${prepared.redirectUri}?state=expected&code=right`)
  await prepared.close()
})

test('loopback: the error of a browser launcher is the error of the sign-in', async () => {
  const prepared = await loopbackSignIn(() => {
    throw new Error('no browser')
  }).prepare()
  await expect(prepared.authorize(authorizationUrl)).rejects.toThrow('no browser')
  await prepared.close()
})

test('loopback: opens no page if the caller has aborted', async () => {
  let pages = 0
  const prepared = await loopbackSignIn(() => void (pages += 1)).prepare()
  const left = AbortSignal.abort(new Error('aborted before'))
  await expect(prepared.authorize(authorizationUrl, left)).rejects.toThrow('aborted before')
  expect(pages).toBe(0)
  await prepared.close()
})

/** Signs in through a callback, and returns the redirect URI and what the browser got. */
async function roundTrip(options: LoopbackSignInOptions, from?: string) {
  const prepared = await loopbackSignIn(() => undefined, options).prepare(from)
  try {
    const answered = prepared.authorize(authorizationUrl)
    await fetch(`${prepared.redirectUri}?state=expected&code=right`)
    return { redirectUri: prepared.redirectUri, callbackUrl: await answered }
  } finally {
    await prepared.close()
  }
}

test.each([
  ['the host localhost', { host: 'localhost' }, /^http:\/\/localhost:\d+\/callback$/],
  [
    'a redirect URI without a path or port',
    { redirectUri: 'http://localhost' },
    /^http:\/\/localhost:\d+$/,
  ],
  [
    'a redirect URI without a port',
    { redirectUri: 'http://127.0.0.1/oauth/cb' },
    /^http:\/\/127\.0\.0\.1:\d+\/oauth\/cb$/,
  ],
] as const)(
  'loopback: receives the response at %s',
  { tags: ['C-36'] },
  async (_what, options, expected) => {
    const { redirectUri, callbackUrl } = await roundTrip(options)
    expect(redirectUri).toMatch(expected)
    expect(callbackUrl).toBe(`${redirectUri}?state=expected&code=right`)
  },
)

test('loopback: uses exactly the redirect URI that is registered', async () => {
  const given = `http://localhost:${await freePort()}/registered`
  expect((await roundTrip({ redirectUri: given })).redirectUri).toBe(given)
})

test('loopback: with localhost, both loopback addresses receive the response', async () => {
  const prepared = await loopbackSignIn(() => undefined, { host: 'localhost' }).prepare()
  const { port } = new URL(prepared.redirectUri)
  const answered = prepared.authorize(authorizationUrl)
  const reachable = await Promise.all(
    ['127.0.0.1', '::1'].map(async (address) => {
      const socket = connect(Number(port), address)
      const outcome = await Promise.race([
        once(socket, 'connect').then(() => 'connected'),
        once(socket, 'error').then(([error]) => String((error as NodeJS.ErrnoException).code)),
      ])
      socket.destroy()
      return outcome
    }),
  )
  // A machine without IPv6 has one loopback address.
  expect(reachable[0]).toBe('connected')
  expect(['connected', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']).toContain(reachable[1])
  await fetch(`http://127.0.0.1:${port}/callback?state=expected&code=right`)
  expect(await answered).toBe(`${prepared.redirectUri}?state=expected&code=right`)
  await prepared.close()
})

test('loopback: keeps the port of the previous redirect URI only if the rest is the same', async () => {
  const port = await freePort()
  const same = await roundTrip({}, `http://127.0.0.1:${port}/callback`)
  expect(same.redirectUri).toBe(`http://127.0.0.1:${port}/callback`)
  const other = await roundTrip({ host: 'localhost' }, `http://127.0.0.1:${port}/callback`)
  expect(other.redirectUri).toMatch(/^http:\/\/localhost:/)
})

test.each([
  ['port', (port: number) => ({ port })],
  ['redirectUri', (port: number) => ({ redirectUri: `http://127.0.0.1:${port}/callback` })],
])('loopback: a taken %s is an error that names it, not another port', async (_what, options) => {
  await using taken = await waitingSignIn()
  const port = Number(new URL(taken.redirectUri).port)
  await expect(loopbackSignIn(() => undefined, options(port)).prepare()).rejects.toMatchObject({
    code: 'SIGN_IN_FAILED',
    message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*--callback-port`)),
  })
})

test.each([
  ['https', { redirectUri: 'https://localhost:1/callback' }],
  ['another host', { redirectUri: 'http://192.168.0.1:1/callback' }],
  ['a host that only looks like loopback', { redirectUri: 'http://localhost.evil.test/callback' }],
  ['credentials', { redirectUri: 'http://u:p@localhost/callback' }],
  ['a query', { redirectUri: 'http://localhost/callback?x=1' }],
  ['a fragment', { redirectUri: 'http://localhost/callback#x' }],
  ['dot segments', { redirectUri: 'http://localhost/a/../callback' }],
  ['a port that does not exist', { redirectUri: 'http://localhost:70000/callback' }],
  ['a port next to the redirect URI', { redirectUri: 'http://localhost/callback', port: 1 }],
  ['a port that is not a number', { port: Number.NaN }],
])('loopback: refuses %s', (_what, options) => {
  expect(() => loopbackSignIn(() => undefined, options)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})
