import type { IncomingHttpHeaders } from 'node:http'
import { startScriptedAuthorizationServer, startServer } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
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

/** A server that notes what arrives, and answers what the table says, else 200. */
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

/** A signed-in session at a resource that answers as the table says, once there is a token. */
async function scene(
  answers: Readonly<Record<string, readonly [status: number, location?: string]>> = {},
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
    /** What arrived at the resource itself. */
    arrived: () => server.arrived.filter(({ path }) => !path.startsWith('/.well-known/')),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await as.close()
    },
  }
}

describe('a request that is sent again', () => {
  const bytes = Uint8Array.of(0xff, 0xfe, 0x80)
  const post = { method: 'POST', body: bytes } as const

  test.each<[string, (url: string) => Parameters<typeof fetch>]>([
    ['bytes', (url) => [url, post]],
    ['a Blob', (url) => [url, { method: 'POST', body: new Blob([bytes]) }]],
    ['a stream', (url) => [url, { ...post, body: new Blob([bytes]).stream() }]],
    ['a Request', (url) => [new Request(url, post)]],
  ])('keeps a body of %s as it is', { tags: ['C-54'] }, async (_, argumentsFor) => {
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
  })

  test('keeps what a Request says of how it is sent', { tags: ['C-54'] }, async () => {
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
  })
})
