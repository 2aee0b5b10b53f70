import type { IncomingHttpHeaders } from 'node:http'
import { startScriptedAuthorizationServer, startServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { authorizedFetch } from '../src/fetch.ts'
import { headlessSignIn } from '../src/headless.ts'
import { createSession } from '../src/index.ts'
import { memoryStore } from '../src/stores/memory.ts'

interface Arrived {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
}

/** A server that records requests, and answers from a table, otherwise with 200. */
async function notingServer(
  answerTo: (
    path: string,
    authorization: string | undefined,
  ) => readonly [status: number, headers?: Record<string, string>, body?: string] = () => [200],
) {
  const arrived: Arrived[] = []
  const server = await startServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const { method = '', url: path = '', headers } = request
    arrived.push({ method, path, headers, bytes: Buffer.concat(chunks) })
    const [status, more, body] = answerTo(path, headers.authorization)
    response.writeHead(status, more).end(body)
  })
  return { url: server.url, arrived, [Symbol.asyncDispose]: () => server.close() }
}

/** A signed-in session at a resource that answers requests with a token from a table. */
async function scene(
  answers: Readonly<Record<string, readonly [status: number, location?: string | undefined]>> = {},
) {
  const as = await startScriptedAuthorizationServer()
  const metadata = (): string =>
    JSON.stringify({ resource: `${server.url}/mcp`, authorization_servers: [as.issuer] })
  const server = await notingServer((path, authorization) => {
    if (path.startsWith('/.well-known/')) return [200, {}, metadata()]
    if (path.startsWith('/mcp') && authorization === undefined) return [401]
    const [status, location] = answers[path] ?? [200]
    return [status, location === undefined ? {} : { location }]
  })
  const session = createSession(`${server.url}/mcp`, {
    store: memoryStore(),
    client: { name: 'test client' },
    signIn: headlessSignIn(),
  })
  return {
    as,
    session,
    url: `${server.url}/mcp`,
    origin: server.url,
    /** The requests that arrived at the resource. */
    arrived: () => server.arrived.filter(({ path }) => !path.startsWith('/.well-known/')),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await as.close()
    },
  }
}

const bytes = Uint8Array.of(0xff, 0xfe, 0x80)
const post = { method: 'POST', body: bytes } as const

test.each<[string, (url: string) => Parameters<typeof fetch>]>([
  ['bytes', (url) => [url, post]],
  ['a Blob', (url) => [url, { method: 'POST', body: new Blob([bytes]) }]],
  ['a stream', (url) => [url, { ...post, body: new Blob([bytes]).stream() }]],
  ['a Request', (url) => [new Request(url, post)]],
])(
  'authorizedFetch: repeats a request with the same body (%s)',
  { tags: ['C-54'] },
  async (_, argumentsFor) => {
    await using it = await scene()
    const response = await authorizedFetch(it.session)(...argumentsFor(it.url))
    expect(response.status).toBe(200)
    const [first, second] = it.arrived()
    expect(first?.headers.authorization).toBeUndefined()
    expect(second?.headers.authorization).toMatch(/^Bearer /)
    expect([first?.bytes.toString('hex'), second?.bytes.toString('hex')]).toEqual([
      'fffe80',
      'fffe80',
    ])
  },
)

test(
  'authorizedFetch: repeats a request with the settings of its Request',
  { tags: ['C-54'] },
  async () => {
    await using it = await scene()
    await it.session.signIn()
    const sent: (RequestInit | undefined)[] = []
    const request = new Request(it.url, {
      cache: 'reload',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'error',
      headers: { 'mcp-session-id': '1' },
    })
    await authorizedFetch(it.session, {
      fetch: (input, init) => {
        sent.push(init)
        return fetch(input, init)
      },
    })(request)
    expect(sent).toEqual([
      expect.objectContaining({
        cache: 'reload',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        redirect: 'error',
      }),
    ])
    expect(it.arrived()[0]?.headers['mcp-session-id']).toBe('1')
  },
)

const call = {
  method: 'POST',
  body: '{"method":"ping"}',
  headers: { 'content-type': 'application/json' },
} as const

test.each([
  [301, 'GET'],
  [302, 'GET'],
  [303, 'GET'],
  [307, 'POST'],
  [308, 'POST'],
])(
  'redirect: status %i within the server is followed by %s with the token',
  { tags: ['C-39'] },
  async (status, method) => {
    await using it = await scene({ '/mcp': [status, '/mcp/'] })
    await it.session.signIn()
    const response = await authorizedFetch(it.session)(it.url, call)
    expect(response.status).toBe(200)
    const [first, second] = it.arrived()
    expect(second).toMatchObject({ method, path: '/mcp/' })
    expect(second?.headers.authorization).toBe(first?.headers.authorization)
    expect(second?.headers.authorization).toMatch(/^Bearer /)
    const replayed = method === 'POST'
    expect(second?.bytes.toString()).toBe(replayed ? call.body : '')
    expect(second?.headers['content-type']).toBe(replayed ? 'application/json' : undefined)
  },
)

test('redirect: a HEAD request stays a HEAD request', { tags: ['C-39'] }, async () => {
  await using it = await scene({ '/mcp': [303, '/mcp/'] })
  await it.session.signIn()
  await authorizedFetch(it.session)(it.url, { method: 'HEAD' })
  expect(it.arrived().map(({ method }) => method)).toEqual(['HEAD', 'HEAD'])
})

test(
  'redirect: to another origin is followed without the token, and a 401 there does not refresh it',
  { tags: ['C-39'] },
  async () => {
    await using otherServer = await notingServer(() => [401])
    await using it = await scene({ '/mcp': [307, `${otherServer.url}/elsewhere`] })
    await it.session.signIn()
    const response = await authorizedFetch(it.session)(it.url, {
      ...call,
      headers: { authorization: 'Bearer my-own', dpop: 'proof', cookie: 'a=b', accept: 'a/b' },
    })
    expect(response.status).toBe(401)
    expect(otherServer.arrived).toHaveLength(1)
    const [asked] = otherServer.arrived
    expect(asked).toMatchObject({ method: 'POST', headers: { accept: 'a/b' } })
    expect(asked?.headers).not.toHaveProperty('authorization')
    expect(asked?.headers).not.toHaveProperty('dpop')
    expect(asked?.headers).not.toHaveProperty('cookie')
    expect(asked?.bytes.toString()).toBe(call.body)
    expect(it.as.refreshRequests()).toBe(0)
    expect(it.as.count('authorize')).toBe(1)
  },
)

test(
  'redirect: to another path of the same origin is followed without the token',
  { tags: ['C-39'] },
  async () => {
    await using it = await scene({ '/mcp': [307, '/other-tenant/mcp'] })
    await it.session.signIn()
    expect((await authorizedFetch(it.session)(it.url)).status).toBe(200)
    const [, asked] = it.arrived()
    expect(asked?.path).toBe('/other-tenant/mcp')
    expect(asked?.headers.authorization).toBeUndefined()
  },
)

test('redirect: back to the server is followed without the token', { tags: ['C-39'] }, async () => {
  await using it = await scene({ '/mcp': [307, '/out'], '/out': [307, '/mcp/admin'] })
  await it.session.signIn()
  expect((await authorizedFetch(it.session)(it.url)).status).toBe(401)
  expect(it.arrived().map(({ path, headers }) => [path, 'authorization' in headers])).toEqual([
    ['/mcp', true],
    ['/out', false],
    ['/mcp/admin', false],
  ])
})

test('redirect: an endless redirect is an error', { tags: ['C-39'] }, async () => {
  await using it = await scene({ '/mcp': [307, '/mcp'] })
  await it.session.signIn()
  await expect(authorizedFetch(it.session)(it.url)).rejects.toMatchObject({
    code: 'RESOURCE_REFUSED',
    message: expect.stringContaining('more than 5 times'),
  })
  expect(it.arrived()).toHaveLength(6)
})

test.each([
  ['nowhere', undefined],
  ['no http URL', 'data:text/plain,x'],
  ['a URL with a password', 'http://a:b@127.0.0.1/mcp'],
])('redirect: to %s is returned to the caller', { tags: ['C-39'] }, async (_, location) => {
  await using it = await scene({ '/mcp': [302, location] })
  await it.session.signIn()
  expect((await authorizedFetch(it.session)(it.url)).status).toBe(302)
})

test.each<[string, (url: string) => Parameters<typeof fetch>]>([
  ['the options', (url) => [url, { redirect: 'manual' }]],
  ['a Request', (url) => [new Request(url, { redirect: 'manual' })]],
])(
  'redirect: is returned to a caller that sets `manual` in %s',
  { tags: ['C-39'] },
  async (_, argumentsFor) => {
    await using it = await scene({ '/mcp': [307, '/mcp/'] })
    await it.session.signIn()
    const response = await authorizedFetch(it.session)(...argumentsFor(it.url))
    expect(response.status).toBe(307)
    expect(it.arrived()).toHaveLength(1)
  },
)

test('redirect: is an error for a caller that sets `error`', { tags: ['C-39'] }, async () => {
  await using it = await scene({ '/mcp': [307, '/mcp/'] })
  await it.session.signIn()
  const fetch = authorizedFetch(it.session)
  await expect(fetch(it.url, { redirect: 'error' })).rejects.toThrow(TypeError)
  expect(it.arrived()).toHaveLength(1)
})

test(
  'redirect: a redirect that a browser hides is an error with the next step',
  { tags: ['C-39'] },
  async () => {
    await using it = await scene()
    await it.session.signIn()
    const hidden = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' })
    const fetch = authorizedFetch(it.session, { fetch: () => Promise.resolve(hidden) })
    await expect(fetch(it.url)).rejects.toMatchObject({
      code: 'RESOURCE_REFUSED',
      message: expect.stringContaining('Use the URL that the server answers at'),
    })
    expect(await fetch(it.url, { redirect: 'manual' })).toBe(hidden)
  },
)
