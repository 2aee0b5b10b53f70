import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request, Server } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { remember } from '../../src/emulation/access-type.ts'
import { redirectUri, register, resource, startServer } from '../support.ts'

const open = { demo: false, resources: [resource] } as const

async function statusOf(origin: string, method: string, target: string): Promise<number> {
  const sent = request(origin, { method, path: target })
  sent.end()
  const [response]: IncomingMessage[] = await once(sent, 'response')
  response?.resume()
  return response?.statusCode ?? 0
}

describe('request targets', () => {
  test.each([
    '//',
    '//evil.example/auth',
    '///',
    'http://evil.example/token',
    'http://[',
    '*',
    '/interaction//',
    '/interaction/%00',
    '/interaction/%zz',
    '/auth/%2e%2e',
    '/auth?%zz=%',
    '/auth?resource=http://[',
    '/reg/x',
    '/account?%zz',
    '/session/end?id_token_hint=a.b.c',
  ])(
    'hostile requests: %s is not answered with a server error',
    { tags: ['A-08'] },
    async (target) => {
      await using server = await startServer(open)
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const status = await statusOf(server.issuer, method, target)
        expect(status).toBeGreaterThanOrEqual(200)
        expect(status).toBeLessThan(500)
      }
      expect(server.logs.filter(({ level }) => level === 'error')).toEqual([])
    },
  )

  test('hostile requests: bytes that are not HTTP get 400', { tags: ['A-08'] }, async () => {
    await using server = await startServer(open)
    const socket = connect(Number(new URL(server.issuer).port), '127.0.0.1')
    socket.write('NOT A REQUEST\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /)
  })
})

test(
  'server: a connection that cannot be accepted does not end the process',
  { tags: ['A-08'] },
  async () => {
    const servers = new Set<Server>()
    const note = (message: unknown) => {
      const { server }: { server?: unknown } = { ...Object(message) }
      if (server instanceof Server) servers.add(server)
    }
    const requests = channel('http.server.request.start')
    requests.subscribe(note)
    await using server = await startServer(open)
    await fetch(`${server.issuer}/healthz`)
    requests.unsubscribe(note)
    expect(servers.size).toBe(1)
    for (const one of servers) {
      for (const _ of Array.from({ length: 3 })) one.emit('error', new Error('accept EMFILE'))
    }
    expect((await fetch(`${server.issuer}/healthz`)).status).toBe(200)
    expect(server.logs.filter(({ event }) => event === 'server.error')).toHaveLength(3)
  },
)

test('log: a failing log does not fail a request', { tags: ['A-08'] }, async () => {
  await using server = await startServer({
    ...open,
    log: () => {
      throw new Error('disk full')
    },
  })
  const response = await fetch(`${server.issuer}/auth?client_id=unknown`)
  expect(response.status).toBe(400)
})

describe('a registration', () => {
  const register_ = async (issuer: string, body: string) => {
    const response = await fetch(`${issuer}/reg`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    return response.status
  }

  test.each([
    ['nested 20,000 deep', `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['that is a list', '[]'],
    ['that is null', 'null'],
    ['that is not JSON', '{'],
    ['with a prototype', '{"__proto__":{"redirect_uris":[]},"constructor":{"x":1}}'],
    ['of 60 KB', `{"a":"${'x'.repeat(60_000)}"}`],
    ['with members of other types', '{"redirect_uris":{"0":"x"},"client_name":{},"jwks":7}'],
  ])('registration: one %s is refused', { tags: ['A-08'] }, async (_, body) => {
    await using server = await startServer(open)
    expect(await register_(server.issuer, body)).toBe(400)
  })

  test(
    'registration: does not make the server fetch anything',
    { tags: ['A-08', 'A-09'] },
    async () => {
      const asked: string[] = []
      await using server = await startServer({
        ...open,
        async fetch(url) {
          asked.push(String(url))
          return Response.json([redirectUri])
        },
      })
      const urls = { sector_identifier_uri: 'https://a.example/1', logo_uri: 'https://a.example/2' }
      const client = await register(server, urls)
      expect(client).not.toHaveProperty('sector_identifier_uri')
      expect(asked).toEqual([])
    },
  )
})

test('CORS: a page that hides its origin cannot read tokens', { tags: ['A-08'] }, async () => {
  await using server = await startServer()
  const uris = ['com.example.app:/callback', redirectUri]
  const client = await register(server, { redirect_uris: uris })
  const token = async (origin: string) =>
    await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({ client_id: client.client_id, grant_type: 'refresh_token' }),
    })
  for (const [origin, allowed] of [
    ['null', null],
    [new URL(redirectUri).origin, new URL(redirectUri).origin],
  ] as const) {
    const response = await token(origin)
    expect(response.headers.get('access-control-allow-origin')).toBe(allowed)
  }
})

test('emulation: remembered authorizations are bounded', { tags: ['A-08'] }, () => {
  const values = new Set<string>()
  for (const value of ['a', 'b', 'a', 'c']) remember(values, value, 2)
  expect([...values]).toEqual(['a', 'c'])
})
