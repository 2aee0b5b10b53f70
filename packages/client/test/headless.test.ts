import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { EvergrantClientError } from '../src/index.ts'
import { headlessSignIn } from '../src/headless.ts'

const redirectUri = 'http://127.0.0.1/callback'
const secretState = 'state=canary-state'

/** One server with several names: its answer at each URL, and its requests. */
async function scene(
  answers: (url: URL, request: IncomingMessage) => Record<string, string | string[]>,
) {
  const asked: { readonly url: string; readonly cookie: string | undefined }[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(String(request.headers['x-asked']))
    asked.push({ url: url.href, cookie: request.headers.cookie })
    response.writeHead(302, answers(url, request)).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  // Every name resolves to the server.
  const resolve: typeof globalThis.fetch = (input, init) => {
    const headers = new Headers(init?.headers)
    headers.set('x-asked', input instanceof Request ? input.url : input.toString())
    return fetch(`http://127.0.0.1:${port}/`, { ...init, headers })
  }
  const prepared = await headlessSignIn({ fetch: resolve, redirectUri }).prepare()
  return {
    asked,
    authorize: (url: string) => prepared.authorize(url),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function failureOf(signingIn: Promise<string>): Promise<EvergrantClientError> {
  return await signingIn.then(
    () => expect.unreachable('the sign-in succeeded'),
    (error: EvergrantClientError) => error,
  )
}

const start = `https://as.test/authorize?${secretState}`

test.each([
  ['this machine', 'http://127.0.0.1:8080/admin'],
  ['this machine by name', 'https://localhost/admin'],
  ['this machine in IPv6', 'http://[::1]/admin'],
  ['this machine in IPv6 notation of IPv4', 'https://[::ffff:7f00:1]/admin'],
  ['every address', 'https://0.0.0.0/admin'],
  ['a metadata service', 'https://169.254.169.254/latest/meta-data'],
  ['a metadata service over http', 'http://169.254.169.254/latest/meta-data'],
  ['a link-local address', 'https://[fe80::1]/'],
  ['plain http', 'http://other.test/authorize'],
  ['another port of the redirect URI', 'http://127.0.0.1:1/callback'],
  ['another path at the redirect URI', 'http://127.0.0.1/callback/../admin'],
  ['a file', 'file:///etc/passwd'],
  ['a data URL', 'data:text/plain,x'],
  ['a URL with a password', 'https://user:canary@other.test/'],
  ['no URL', 'http://['],
  ['two slashes', '//'],
])(
  'headless: a server that is not on this machine cannot redirect to %s',
  { tags: ['C-06'] },
  async (_what, location) => {
    await using it = await scene(() => ({ location: `${location}?code=canary` }))
    const error = await failureOf(it.authorize(start))
    expect(error).toMatchObject({
      code: 'SIGN_IN_FAILED',
      message: expect.stringContaining('https://as.test'),
    })
    expect(error.message).not.toContain('canary')
    expect(it.asked.map(({ url }) => url)).toEqual([start])
  },
)

test('headless: the rule applies to each server on the way', { tags: ['C-06'] }, async () => {
  await using it = await scene(({ hostname }) => ({
    location: hostname === 'as.test' ? 'https://login.test/' : 'https://127.0.0.1/',
  }))
  const error = await failureOf(it.authorize(start))
  expect(error).toMatchObject({
    code: 'SIGN_IN_FAILED',
    message: expect.stringContaining('https://login.test'),
  })
  expect(it.asked).toHaveLength(2)
})

test('headless: a server on this machine may redirect to this machine', async () => {
  await using it = await scene(({ port }) => ({
    location: port === '9000' ? 'http://127.0.0.1:9001/' : `${redirectUri}?code=x`,
  }))
  expect(await it.authorize('http://localhost:9000/authorize')).toBe(`${redirectUri}?code=x`)
})

test('headless: every server may redirect to the redirect URI, which is not fetched', async () => {
  await using it = await scene(({ pathname }) => ({
    location: pathname === '/authorize' ? 'login' : `${redirectUri}?code=x&state=y`,
  }))
  expect(await it.authorize(start)).toBe(`${redirectUri}?code=x&state=y`)
  expect(it.asked.map(({ url }) => url)).toEqual([start, 'https://as.test/login'])
})

test('headless: fails if redirects do not end', { tags: ['C-06'] }, async () => {
  await using it = await scene(() => ({ location: start }))
  const error = await failureOf(it.authorize(start))
  expect(error).toMatchObject({ code: 'SIGN_IN_FAILED' })
  expect(error.message).not.toContain('canary')
  expect(it.asked).toHaveLength(11)
})

test.each([
  ['http://as.test/authorize'],
  ['https://user:canary@as.test/'],
  ['canary'],
  ['file:///'],
])('headless: does not open the authorization URL %s', { tags: ['C-06'] }, async (url) => {
  await using it = await scene(() => ({}))
  const error = await failureOf(it.authorize(url))
  expect(error).toMatchObject({ code: 'SIGN_IN_FAILED' })
  expect(error.message).not.toContain('canary')
  expect(it.asked).toEqual([])
})

test('headless: refuses a redirect URI that is not a URL', () => {
  expect(() => headlessSignIn({ redirectUri: '/callback' })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

/** The cookies of the second request of a sign-in. */
async function sentBack(
  setCookie: string[],
  path = '/authorize/next',
): Promise<string | undefined> {
  await using it = await scene((url) => ({
    location: url.pathname === '/authorize' ? path : redirectUri,
    ...(url.pathname === '/authorize' ? { 'set-cookie': setCookie } : {}),
  }))
  await it.authorize('https://as.test/authorize')
  return it.asked[1]?.cookie
}

test.each([
  ['a plain one', ['a=1; HttpOnly; Secure; SameSite=Lax'], 'a=1'],
  ['an empty one', ['a='], 'a='],
  ['one with an equals sign', ['a=b=c'], 'a=b=c'],
  ['the later of two', ['a=1', 'a=2'], 'a=2'],
  ['none that was removed by Max-Age', ['a=1', 'a=1; Max-Age=0'], undefined],
  ['none that has expired', ['a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], undefined],
  [
    'one whose Max-Age is in the future, even if Expires is not',
    ['a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    'a=1',
  ],
  ['one that expires later', ['a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT'], 'a=1'],
  ['one of this path', ['a=1; Path=/authorize'], 'a=1'],
  ['none of another path', ['a=1; Path=/other', 'b=2; Path=/auth'], undefined],
  ['the longer path first', ['a=1; Path=/', 'b=2; Path=/authorize'], 'b=2; a=1'],
  ['none without a name', ['=1', 'a', ''], undefined],
  ['one with a tab in it', ['a=1\tb; Path=/'], 'a=1\tb'],
  ['none that is too long', [`a=${'x'.repeat(5000)}`, 'b=2'], 'b=2'],
])('headless: sends back %s', { tags: ['C-06'] }, async (_what, setCookie, expected) => {
  expect(await sentBack(setCookie)).toBe(expected)
})

test('headless: limits the number and size of cookies', { tags: ['C-06'] }, async () => {
  const many = Array.from({ length: 90 }, (_, index) => `c${index}=${index}`)
  const kept = (await sentBack(many))?.split('; ') ?? []
  expect(kept).toEqual(many.slice(-50))
  const long = Array.from({ length: 4 }, (_, index) => `c${index}=${'x'.repeat(3500)}`)
  expect((await sentBack(long))?.length).toBeLessThan(8192)
})

test('headless: sends cookies only to the origin that set them', { tags: ['C-39'] }, async () => {
  await using it = await scene(({ hostname }) => ({
    location: hostname === 'as.test' ? 'https://sub.as.test/' : redirectUri,
    'set-cookie': 'a=1; Domain=as.test; Path=/',
  }))
  await it.authorize(start)
  expect(it.asked.map(({ cookie }) => cookie)).toEqual([undefined, undefined])
})

test(
  'headless sign-in: the error of a refused request has the URL, the status and the words of the server',
  { tags: ['C-06', 'C-41'] },
  async () => {
    const body = { error: 'unknown_app', error_description: 'no such client, canary-state' }
    const prepared = await headlessSignIn({
      fetch: async () => Response.json(body, { status: 422 }),
    }).prepare()
    const failure = await failureOf(prepared.authorize(start))
    expect(failure.message).toContain('https://as.test/authorize answered with status 422')
    expect(failure.message).toContain('"unknown_app": "no such client, [redacted]"')
    expect(failure.message).not.toContain('canary-state')
  },
)
