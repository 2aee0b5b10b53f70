import { once } from 'node:events'
import {
  rawStatus,
  sendRaw,
  startScriptedAuthorizationServer,
  startServer,
} from '@evergrant/test-kit'
import type { RunningServer, ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { protect } from '../src/fetch.ts'
import { createResourceServer } from '../src/index.ts'
import { createNodeListener } from '../src/node.ts'
import type { NodeListenerOptions } from '../src/node.ts'

interface NodeServer extends AsyncDisposable {
  readonly url: string
  /** The `Host` line of a request to the server. */
  readonly hostLine: string
  readonly errors: readonly unknown[]
}

async function serve(
  handler: (request: Request) => Response | Promise<Response>,
  options: NodeListenerOptions = {},
): Promise<NodeServer> {
  const errors: unknown[] = []
  const listener = createNodeListener(handler, {
    onError: (error) => errors.push(error),
    ...options,
  })
  const server: RunningServer = await startServer(listener)
  return {
    url: server.url,
    hostLine: `Host: ${new URL(server.url).host}`,
    errors,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

interface Guarded extends NodeServer {
  readonly as: ScriptedAuthorizationServer
  readonly token: string
  /** Bodies that the handler has read. */
  readonly bodies: readonly string[]
}

async function serveGuarded(options: NodeListenerOptions = {}): Promise<Guarded> {
  const as = await startScriptedAuthorizationServer()
  const bodies: string[] = []
  let guarded: (request: Request) => Promise<Response> = async () => Response.error()
  const server = await serve(async (request) => await guarded(request), options)
  const resource = `${server.url}/mcp`
  guarded = protect(
    createResourceServer(resource, [as.issuer], { scopesSupported: ['mcp:read'] }),
    async (request) => {
      const body = await request.text()
      bodies.push(body)
      return Response.json(body.length)
    },
  )
  return {
    ...server,
    as,
    token: await as.signAccessToken({ scope: 'mcp:read', resource }),
    bodies,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await as.close()
    },
  }
}

test.each([
  ['Bearer GOOD', 'Bearer forged'],
  ['Bearer GOOD', 'Bearer GOOD'],
  ['Basic dXNlcjpwYXNz', 'Bearer GOOD'],
  ['', 'Bearer GOOD'],
])(
  'node: the guard sees both Authorization lines: %j, %j',
  { tags: ['S-13', 'S-12'] },
  async (...lines) => {
    await using server = await serveGuarded()
    const headers = lines.map((line) => `Authorization: ${line.replace('GOOD', server.token)}`)
    expect(await rawStatus(server.url, ['GET /mcp HTTP/1.1', server.hostLine, ...headers])).toBe(
      400,
    )
    const single = [`Authorization: Bearer ${server.token}`]
    expect(await rawStatus(server.url, ['GET /mcp HTTP/1.1', server.hostLine, ...single])).toBe(200)
  },
)

test.each([
  ['Origin: http://localhost', 'Origin: https://evil.example.com'],
  ['Content-Type: application/json', 'Content-Type: text/plain'],
  ['DPoP: one', 'dpop: two'],
  ['Last-Event-ID: 1', 'Last-Event-ID: 2'],
  ['Mcp-Session-Id: mine', 'MCP-Session-ID: yours'],
  ['Mcp-Protocol-Version: 2025-11-25', 'Mcp-Protocol-Version: 2026-07-28'],
  ['Host: evil.example.com', 'X-Other: 1'],
])(
  'node: a repeated single-value header gets 400: %s, %s',
  { tags: ['S-13'] },
  async (...lines) => {
    let handled = 0
    await using server = await serve(() => {
      handled += 1
      return new Response()
    })
    const head = ['GET /mcp HTTP/1.1', server.hostLine]
    expect(await rawStatus(server.url, [...head, ...lines])).toBe(400)
    expect(handled).toBe(0)
    const [first] = lines
    const single = first.startsWith('Host') ? head : [...head, first]
    expect(await rawStatus(server.url, [...single, 'Accept: a/b', 'Accept: c/d'])).toBe(200)
  },
)

test.each([
  'GET http://HOST/mcp',
  'GET http://evil.example.com/mcp',
  'GET http:///mcp',
  'GET mcp://x:y@z',
  'OPTIONS *',
  'TRACE /mcp',
])('node: a target that is not a path gets 400: %s', { tags: ['S-13'] }, async (line) => {
  await using server = await serve(() => new Response())
  const { host } = new URL(server.url)
  const start = `${line.replace('HOST', host)} HTTP/1.1`
  expect(await rawStatus(server.url, [start, server.hostLine])).toBe(400)
  expect(server.errors).toEqual([])
})

test.each([
  ['//', '//'],
  ['//evil.example.com/mcp', '//evil.example.com/mcp'],
  ['/mcp%', '/mcp%'],
  ['/%zz?%', '/%zz'],
  ['/\\evil.example.com', '//evil.example.com'],
  ['/mcp/../..//x', '//x'],
  ['/@evil.example.com:99999/', '/@evil.example.com:99999/'],
])(
  'node: an unusual path does not change the host: %s',
  { tags: ['S-13'] },
  async (target, pathname) => {
    const seen: string[] = []
    await using server = await serve((request) => {
      const url = new URL(request.url)
      seen.push(url.host, url.pathname)
      return new Response()
    })
    await rawStatus(server.url, [`GET ${target} HTTP/1.1`, server.hostLine])
    expect(seen).toEqual([new URL(server.url).host, pathname])
  },
)

test.each([
  '',
  'a b',
  'user@evil.example.com',
  'evil.example.com/path',
  'evil.example.com\\path',
  'evil.example.com?query',
  'evil.example.com#fragment',
  '127.0.0.1:99999',
  '127.0.0.1:x',
  '[::1',
  '[::1]]',
  '::1',
  'evil.example.com, localhost',
])('node: an invalid Host gets 400: %j', { tags: ['S-13'] }, async (host) => {
  await using server = await serve(() => new Response())
  expect(await rawStatus(server.url, ['GET /mcp HTTP/1.1', `Host: ${host}`])).toBe(400)
  expect(server.errors).toEqual([])
})

test(
  'node: requests without a token get 401 immediately, before their body arrives',
  { tags: ['S-11', 'S-13'] },
  async () => {
    await using server = await serveGuarded()
    const stalled = ['Content-Length: 1000', 'Transfer-Encoding: chunked'].flatMap((framing) =>
      ['', 'Authorization: Bearer forged'].map((authorization) =>
        sendRaw(
          server.url,
          ['POST /mcp HTTP/1.1', server.hostLine, framing, authorization].filter(Boolean),
        ),
      ),
    )
    for (const { answer, socket } of stalled) {
      expect(await answer()).toMatch(/^HTTP\/1\.1 401 [^]*scope="mcp:read"/)
      socket.destroy()
    }
    expect(server.bodies).toEqual([])
  },
)

test('node: serves the next request after an unread body', async () => {
  await using server = await serveGuarded()
  const head = ['POST /mcp HTTP/1.1', server.hostLine]
  const { socket, answer } = sendRaw(server.url, [...head, 'Content-Length: 4'], 'body')
  expect(await answer()).toMatch(/^HTTP\/1\.1 401 /)
  const lines = [...head, `Authorization: Bearer ${server.token}`, 'Content-Length: 5', '', 'again']
  socket.write(lines.join('\r\n'))
  const [chunk] = await once(socket, 'data')
  socket.destroy()
  expect(String(chunk)).toMatch(/^HTTP\/1\.1 200 /)
  expect(server.bodies).toEqual(['again'])
})

test('node: a body over the limit gets 413, with or without Content-Length', async () => {
  await using server = await serveGuarded({ maximumBodyBytes: 8 })
  async function post(body: string | ReadableStream, token?: string): Promise<number> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const init = { method: 'POST', headers, body, duplex: 'half' } as const
    return (await fetch(`${server.url}/mcp`, init)).status
  }
  const unannounced = () => new Blob(['123456789']).stream()
  expect(await post('123456789')).toBe(413)
  expect(await post(unannounced())).toBe(401)
  expect(await post(unannounced(), server.token)).toBe(413)
  expect(await post('12345678', server.token)).toBe(200)
  expect(server.errors).toEqual([])
})

test('node: closes a connection whose body was read in part', async () => {
  await using server = await serve(async (request) => {
    const reader = request.body?.getReader()
    await reader?.read()
    return new Response()
  })
  const lines = ['POST /mcp HTTP/1.1', server.hostLine, 'Content-Length: 100']
  const { answer, socket } = sendRaw(server.url, lines, 'start')
  expect(await answer()).toMatch(/connection: close/i)
  if (!socket.closed) await once(socket, 'close')
})

test('node: a handler that throws causes a 500 without details, and a report', async () => {
  const secret = new Error('a secret')
  await using server = await serve(() => {
    throw secret
  })
  const response = await fetch(server.url)
  expect([response.status, await response.text()]).toEqual([
    500,
    '{"error":"server_error","error_description":"The request failed"}',
  ])
  expect(server.errors).toEqual([secret])
})

test('node: closes the connection and reports the error if a response cannot be sent', async () => {
  const broken = new Error('the stream broke')
  const responses = [
    new Response('x', { headers: { 'x-note': '\u0001' } }),
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('start')),
        pull: (controller) => controller.error(broken),
      }),
    ),
  ]
  await using server = await serve(() => responses.shift() ?? new Response('good'))
  await expect(fetch(server.url)).rejects.toThrow('fetch failed')
  await expect(fetch(server.url).then((response) => response.text())).rejects.toThrow('terminated')
  expect(await (await fetch(server.url)).text()).toBe('good')
  expect(server.errors).toEqual([expect.objectContaining({ code: 'ERR_INVALID_CHAR' }), broken])
})

test('node: aborts the request of a client that disconnected, and reports no error', async () => {
  const aborted = Promise.withResolvers<void>()
  await using server = await serve(async (request) => {
    request.signal.addEventListener('abort', () => aborted.resolve())
    await request.text()
    return new Response()
  })
  const lines = [
    'POST /mcp HTTP/1.1',
    server.hostLine,
    'Content-Length: 100',
    'Expect: 100-continue',
  ]
  const { answer, socket } = sendRaw(server.url, lines, 'start')
  expect(await answer()).toMatch(/^HTTP\/1\.1 100 /)
  socket.destroy()
  await aborted.promise
  await expect(fetch(server.url)).resolves.toHaveProperty('status', 200)
  expect(server.errors).toEqual([])
})

test('node: streams a response, and sends several cookies', async () => {
  const next = Promise.withResolvers<void>()
  await using server = await serve(() => {
    const headers = new Headers({ 'content-type': 'text/event-stream' })
    for (const cookie of ['a=1', 'b=2']) headers.append('set-cookie', cookie)
    const stream = ReadableStream.from(
      (async function* () {
        await next.promise
        yield new TextEncoder().encode('data: 1\n\n')
      })(),
    )
    return new Response(stream, { headers })
  })
  // The status arrives before the first data.
  const response = await fetch(server.url)
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  next.resolve()
  expect(await response.text()).toBe('data: 1\n\n')
  const head = await fetch(server.url, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
})
