import type { LookupFunction } from 'node:net'
import {
  readBody,
  startProtectedServer,
  startScriptedAuthorizationServer,
  startServer,
} from '@evergrant/test-kit'
import type { RequestHandler } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { EgressError, guardedFetch, isPublicAddress } from '../src/guarded-fetch.ts'
import { EvergrantClientError } from '../src/index.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { guardedSession } from './support/guarded-gateway.ts'

/** Answers lookups in turn, and repeats the last answer. */
function scriptedLookup(...answers: readonly (readonly string[])[]) {
  const asked: string[] = []
  const lookup: LookupFunction = (hostname, _options, callback) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(hostname)
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return { asked, lookup }
}

const onLoopback = {
  allowHttp: true,
  allowAddress: (address: string) => address === '127.0.0.1' || isPublicAddress(address),
}

async function countingServer(handler: RequestHandler) {
  let requests = 0
  const server = await startServer(async (request, response) => {
    requests += 1
    await handler(request, response)
  })
  return {
    url: server.url,
    port: server.port,
    requests: () => requests,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function ok(): RequestHandler {
  return (_request, response) => void response.end('reached')
}

const refused = (code: string) => expect.objectContaining({ name: 'EgressError', code })

test.each([
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '0.0.0.0',
  '0',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '169.254.169.254',
  '10.0.0.1',
  '[fd00:ec2::254]',
])('guarded fetch: refuses the literal address %s', { tags: ['C-06'] }, async (host) => {
  await using server = await countingServer(ok())
  const { asked, lookup } = scriptedLookup(['127.0.0.1'])
  const guarded = guardedFetch({ allowHttp: true, lookup })
  for (const method of ['GET', 'POST']) {
    await expect(guarded(`http://${host}:${server.port}/mcp`, { method })).rejects.toThrow(
      refused('ADDRESS_NOT_ALLOWED'),
    )
  }
  expect([server.requests(), asked]).toEqual([0, []])
})

test.each([[['127.0.0.1']], [['8.8.8.8', '127.0.0.1']], [['::1']], [['169.254.169.254']]])(
  'guarded fetch: refuses a name that resolves to %j, and gives the next step',
  { tags: ['C-06'] },
  async (addresses) => {
    await using server = await countingServer(ok())
    const { lookup } = scriptedLookup(addresses)
    const url = `http://mcp.internal.example:${server.port}/mcp?key=secret`
    const outcome = guardedFetch({ allowHttp: true, lookup })(url)
    await expect(outcome).rejects.toMatchObject({
      code: 'ADDRESS_NOT_ALLOWED',
      message:
        'Connection to "mcp.internal.example" refused: the name resolves to an address that is ' +
        'not publicly reachable (expected a public address). Allow the address with the option ' +
        'allowAddress of guardedFetch if users may reach this host.',
    })
    expect(server.requests()).toBe(0)
  },
)

test(
  'guarded fetch: refuses "localhost" as the system resolves it',
  { tags: ['C-06'] },
  async () => {
    await using server = await countingServer(ok())
    await expect(
      guardedFetch({ allowHttp: true })(`http://localhost:${server.port}/`),
    ).rejects.toThrow(refused('ADDRESS_NOT_ALLOWED'))
    expect(server.requests()).toBe(0)
  },
)

test('guarded fetch: refuses plain http unless it is allowed', { tags: ['C-06'] }, async () => {
  await using server = await countingServer(ok())
  const { asked, lookup } = scriptedLookup(['127.0.0.1'])
  const { allowAddress } = onLoopback
  const url = `http://mcp.example:${server.port}/`
  await expect(guardedFetch({ allowAddress, lookup })(url)).rejects.toThrow(
    refused('HTTPS_REQUIRED'),
  )
  expect([server.requests(), asked]).toEqual([0, []])
  expect(await (await guardedFetch({ ...onLoopback, lookup })(url)).text()).toBe('reached')
})

test(
  'guarded fetch: refuses a name that resolves to another address the second time',
  { tags: ['C-06'] },
  async () => {
    await using server = await countingServer((_request, response) => {
      response.writeHead(200, { connection: 'close' }).end('reached')
    })
    const { asked, lookup } = scriptedLookup(['127.0.0.1'], ['127.0.0.2'])
    const guarded = guardedFetch({ ...onLoopback, lookup })
    const url = `http://rebinding.example:${server.port}/`
    expect(await (await guarded(url)).text()).toBe('reached')
    await expect(guarded(url)).rejects.toThrow(refused('ADDRESS_NOT_ALLOWED'))
    expect([server.requests(), asked.length]).toEqual([1, 2])
  },
)

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://[::1]:PORT/',
  'http://2130706434:PORT/',
  'http://private.example:PORT/',
])('guarded fetch: refuses a redirect to %s', { tags: ['C-06'] }, async (target) => {
  await using server = await countingServer((request, response) => {
    const location = target.replace('PORT', String(server.port))
    if (request.url === '/hop') response.writeHead(307, { location }).end()
    else response.writeHead(302, { location: '/hop' }).end()
  })
  const lookup: LookupFunction = (hostname, _options, callback) => {
    const address = hostname === 'private.example' ? '10.0.0.1' : '127.0.0.1'
    callback(null, [{ address, family: 4 }])
  }
  const guarded = guardedFetch({ ...onLoopback, lookup })
  const start = `http://public.example:${server.port}/start`
  await expect(guarded(start, { method: 'POST', body: 'x' })).rejects.toThrow(
    refused('ADDRESS_NOT_ALLOWED'),
  )
  expect(server.requests()).toBe(2)
  const manual = await guarded(start, { redirect: 'manual' })
  expect([manual.status, manual.headers.get('location')]).toEqual([302, '/hop'])
})

test('guarded fetch: ignores the dispatcher of a caller', { tags: ['C-06'] }, async () => {
  await using server = await countingServer(ok())
  const dispatcher = { dispatch: () => expect.unreachable() }
  const init = { dispatcher } as unknown as RequestInit
  await expect(guardedFetch({ allowHttp: true })(server.url, init)).rejects.toThrow(
    refused('ADDRESS_NOT_ALLOWED'),
  )
})

test.each<[string, () => RequestInit]>([
  ['text', () => ({ body: 'a=1' })],
  ['bytes', () => ({ body: new TextEncoder().encode('a=1') })],
  ['a Blob', () => ({ body: new Blob(['a=1']) })],
  ['URLSearchParams', () => ({ body: new URLSearchParams({ a: '1' }) })],
  ['a stream', () => ({ body: new Blob(['a=1']).stream(), duplex: 'half' })],
])(
  'guarded fetch: sends a POST with a body of %s, from a URL and from a Request',
  async (_, init) => {
    const bodies: string[] = []
    await using server = await countingServer(async (request, response) => {
      bodies.push(
        `${request.method} ${String(request.headers['x-test'])} ${await readBody(request)}`,
      )
      response.writeHead(201, { 'x-answer': 'yes' }).end('{}')
    })
    const guarded = guardedFetch(onLoopback)
    const headers = new Headers({ 'x-test': 'header' })
    const one = await guarded(server.url, { ...init(), method: 'POST', headers })
    const two = await guarded(new Request(server.url, { ...init(), method: 'POST', headers }))
    const three = await guarded(new Request(server.url, { headers }), { ...init(), method: 'PUT' })
    for (const response of [one, two, three]) {
      expect(response).toBeInstanceOf(Response)
      expect([response.status, response.headers.get('x-answer'), response.url]).toEqual([
        201,
        'yes',
        `${server.url}/`,
      ])
      expect(await response.json()).toEqual({})
    }
    expect(bodies).toEqual(['POST header a=1', 'POST header a=1', 'PUT header a=1'])
  },
)

test('guarded fetch: sends a form with its boundary', async () => {
  const arrived: string[] = []
  await using server = await countingServer(async (request, response) => {
    arrived.push(request.headers['content-type'] ?? '', await readBody(request))
    response.end()
  })
  const body = new FormData()
  body.set('name', 'value')
  await guardedFetch(onLoopback)(server.url, { method: 'POST', body })
  expect(arrived[0]).toMatch(/^multipart\/form-data; boundary=/)
  expect(arrived[1]).toMatch(/name="name"\r\n\r\nvalue/)
})

test('guarded fetch: streams events, and cancels the stream', async () => {
  const next = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  await using server = await countingServer(async (_request, response) => {
    response.on('close', () => closed.resolve())
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    await next.promise
    response.write('data: 2\n\n')
  })
  const response = await guardedFetch(onLoopback)(server.url)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  expect(await reader?.read()).toEqual({ done: false, value: 'data: 1\n\n' })
  next.resolve()
  expect(await reader?.read()).toEqual({ done: false, value: 'data: 2\n\n' })
  await reader?.cancel()
  await closed.promise
})

test('guarded fetch: fails like fetch if no server listens, and if the caller aborts', async () => {
  await using server = await countingServer(() => undefined)
  const guarded = guardedFetch(onLoopback)
  const reason = new Error('aborted')
  const outcome = guarded(server.url, { signal: AbortSignal.abort(reason) })
  await expect(outcome).rejects.toBe(reason)
  await server[Symbol.asyncDispose]()
  await expect(guarded(server.url)).rejects.toThrow('fetch failed')
})

test('guarded fetch: follows redirects, and a response without a body has none', async () => {
  await using server = await countingServer((request, response) => {
    if (request.url === '/') response.writeHead(303, { location: '/done' }).end()
    else response.writeHead(204).end()
  })
  const response = await guardedFetch(onLoopback)(server.url, { method: 'POST', body: 'x' })
  expect([response.status, response.redirected, response.url, response.body]).toEqual([
    204,
    true,
    `${server.url}/done`,
    null,
  ])
})

test(
  'guarded fetch: the error of a session names the refused host and the option, and has the refusal as a cause',
  { tags: ['C-06', 'C-53'] },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    await using server = await startProtectedServer(as)
    const { session, fetch } = guardedSession(
      memoryStore(),
      'ann',
      server.resource,
      guardedFetch({ allowHttp: true }),
    )
    const error: unknown = await session.signIn().catch((thrown: unknown) => thrown)
    expect(EvergrantClientError.is(error)).toBe(true)
    expect(error).toMatchObject({
      code: 'EGRESS_REFUSED',
      message: expect.stringMatching(
        /could not be fetched\. Connection to "127\.0\.0\.1" refused: .*allowAddress/,
      ),
    })
    expect(causes(error).some((cause) => EgressError.is(cause))).toBe(true)
    await expect(fetch(server.resource, { method: 'POST' })).rejects.toThrow(
      refused('ADDRESS_NOT_ALLOWED'),
    )
    expect([server.requests.length, as.requests.length]).toEqual([0, 0])
  },
)

test('guarded fetch: a session signs in and calls if both servers are allowed', async () => {
  await using as = await startScriptedAuthorizationServer()
  await using server = await startProtectedServer(as, { scopesSupported: ['mcp:read'] })
  const { session, fetch } = guardedSession(
    memoryStore(),
    'ann',
    server.resource,
    guardedFetch(onLoopback),
  )
  const { authorizationUrl } = (await fetch(server.resource).catch((error: unknown) => error)) as {
    authorizationUrl: string
  }
  const page = await globalThis.fetch(authorizationUrl, { redirect: 'manual' })
  await session.completeSignIn(page.headers.get('location') ?? '')
  expect((await fetch(server.resource, { method: 'POST', body: '{}' })).status).toBe(200)
})

test(
  'guarded fetch: a session refuses a private authorization server of its MCP server',
  { tags: ['C-06'] },
  async () => {
    await using internal = await countingServer(ok())
    const issuer = `http://localhost:${internal.port}`
    await using server = await startProtectedServer({ issuer, jwksUri: `${issuer}/jwks` })
    const { session } = guardedSession(
      memoryStore(),
      'ann',
      server.resource,
      guardedFetch({ ...onLoopback, lookup: scriptedLookup(['10.0.0.1']).lookup }),
    )
    const error: unknown = await session.signIn().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'EGRESS_REFUSED' })
    expect(internal.requests()).toBe(0)
  },
)

function causes(error: unknown): readonly unknown[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : []
}
