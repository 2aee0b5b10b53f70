import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { call, startNotes } from './notes.ts'

const admitted = 'https://inspector.example.com'
const preflight = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type,mcp-method,mcp-protocol-version',
}

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
}

/** `fetch` replaces some headers of a preflight, and `Host`. */
async function send(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, (response) => {
      response.resume()
      resolve({ status: response.statusCode, headers: response.headers })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

function corsHeaders(answer: Answer): readonly string[] {
  return Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))
}

test.each([admitted, 'http://localhost:6274', 'http://127.0.0.1', 'http://[::1]:3000'])(
  'preflight: 204 with CORS headers and without a token, for a page of %s',
  { tags: ['S-16'] },
  async (origin) => {
    await using setup = await startNotes({ allowedOrigins: [admitted] })
    for (const url of [setup.server.url, new URL('/.well-known/other', setup.server.url).href]) {
      const answer = await send(url, 'OPTIONS', { origin, ...preflight })
      expect(answer).toMatchObject({
        status: 204,
        headers: {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': preflight['access-control-request-headers'],
        },
      })
    }
    expect(setup.server.stats().refusals).toEqual({})
  },
)

test(
  'responses: a page of an admitted origin can read all of them',
  { tags: ['S-16', 'S-13'] },
  async () => {
    await using setup = await startNotes({ allowedOrigins: [admitted] })
    const { url } = setup.server
    const narrow = `Bearer ${await setup.token('other')}`
    const good = `Bearer ${await setup.token('mcp:read')}`
    const cases: readonly (readonly [number, string, Record<string, string>])[] = [
      [401, url, {}],
      [401, url, { authorization: 'Bearer forged' }],
      [403, url, { authorization: narrow }],
      [400, url, { authorization: 'Bearer' }],
      [413, url, { 'content-length': '300000' }],
      [415, url, { authorization: good }],
      [404, new URL('/elsewhere', url).href, {}],
    ]
    for (const [status, target, headers] of cases) {
      const answer = await send(target, 'POST', { ...headers, origin: admitted })
      expect(answer).toMatchObject({
        status,
        headers: {
          'access-control-allow-origin': admitted,
          'access-control-expose-headers': expect.stringContaining('WWW-Authenticate'),
          vary: expect.stringContaining('Origin'),
        },
      })
    }
    const list = await send(url, 'POST', { origin: admitted })
    expect(list.headers['www-authenticate']).toContain('resource_metadata=')
  },
)

test.each([
  'https://evil.example.com',
  `${admitted}:444`,
  'null',
  'https://localhost.evil.example',
])(
  'responses: a page of %s gets 403 without CORS headers, and the option is named',
  { tags: ['S-16'] },
  async (origin) => {
    await using setup = await startNotes({ allowedOrigins: [admitted] })
    const asked = await send(setup.server.url, 'OPTIONS', { origin, ...preflight })
    const posted = await send(setup.server.url, 'POST', { origin })
    expect([asked.status, posted.status]).toEqual([403, 403])
    expect([...corsHeaders(asked), ...corsHeaders(posted)]).toEqual([])
    const response = await fetch(setup.server.url, { method: 'POST', headers: { origin } })
    expect(await response.text()).toContain('--allowed-origin')
  },
)

test(
  'preflight: a rebound host name gets 403, whatever its origin is',
  { tags: ['S-16'] },
  async () => {
    await using setup = await startNotes({ allowedOrigins: [admitted] })
    const headers = { host: 'evil.example.com', origin: admitted, ...preflight }
    const answer = await send(setup.server.url, 'OPTIONS', headers)
    expect([answer.status, corsHeaders(answer)]).toEqual([403, []])
  },
)

test('metadata: a page of any origin can read it', { tags: ['S-16', 'S-10'] }, async () => {
  await using setup = await startNotes()
  const headers = { origin: 'https://anywhere.example.com' }
  const asked = await send(setup.server.metadataUrl, 'OPTIONS', { ...headers, ...preflight })
  const got = await send(setup.server.metadataUrl, 'GET', headers)
  expect([asked.status, got.status]).toEqual([204, 200])
  for (const answer of [asked, got]) {
    expect(answer.headers['access-control-allow-origin']).toBe('*')
  }
})

test('a request without an origin is not affected', { tags: ['S-16'] }, async () => {
  await using setup = await startNotes()
  const response = await setup.post(call('notes_list'), await setup.token('mcp:read'))
  expect(response.status).toBe(200)
  expect(response.headers.has('access-control-allow-origin')).toBe(false)
})
