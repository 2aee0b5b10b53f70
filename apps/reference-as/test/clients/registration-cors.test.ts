import { expect, test } from 'vitest'
import { redirectUri, resource, startServer } from '../support.ts'

const page = new URL(redirectUri).origin
const preflight = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type,mcp-protocol-version',
}

async function register(
  server: { readonly issuer: string },
  origin: string | undefined,
  metadata: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  return await fetch(`${server.issuer}/reg`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(origin === undefined ? {} : { origin }),
      ...headers,
    },
    body: JSON.stringify({ token_endpoint_auth_method: 'none', ...metadata }),
  })
}

test('registration: the preflight of a web page is answered', { tags: ['A-08'] }, async () => {
  await using server = await startServer()
  for (const [origin, status, allowed] of [
    [page, 204, page],
    ['https://inspector.example.com', 204, 'https://inspector.example.com'],
    ['null', 404, null],
  ] as const) {
    const headers = { origin, ...preflight }
    const response = await fetch(`${server.issuer}/reg`, { method: 'OPTIONS', headers })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([
      status,
      allowed,
    ])
  }
})

test.each([
  ['its own origin', page, { redirect_uris: [redirectUri] }, 201, page],
  [
    'its own origin, with an error',
    page,
    { redirect_uris: [redirectUri], grant_types: 'x' },
    400,
    page,
  ],
  ['another origin', 'https://evil.example', { redirect_uris: [redirectUri] }, 400, null],
  ['a private-use scheme', 'https://evil.example', { redirect_uris: ['com.a.b:/cb'] }, 400, null],
  ['a hidden origin', 'null', { redirect_uris: ['com.a.b:/cb'] }, 400, null],
  ['no redirect URI', page, {}, 400, null],
])(
  'registration: by the script of a page with a redirect URI of %s',
  { tags: ['A-08'] },
  async (_case, origin, metadata, status, allowed) => {
    await using server = await startServer()
    // The fetch of Node.js sends Sec-Fetch-Mode as a browser does.
    const response = await register(server, origin, metadata)
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([
      status,
      allowed,
    ])
    expect(response.headers.get('vary')).toContain('Origin')
  },
)

test(
  'registration: a page signs in, refreshes and revokes from its own origin',
  { tags: ['A-08', 'A-11'] },
  async () => {
    await using server = await startServer()
    const metadata = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`, {
      headers: { origin: page },
    })
    expect(metadata.headers.get('access-control-allow-origin')).toBe(page)
    const registered: unknown = await (
      await register(server, page, { redirect_uris: [redirectUri] })
    ).json()
    const form = { client_id: String(Reflect.get(Object(registered), 'client_id')), token: 'x' }
    for (const [origin, status, allowed] of [
      [page, 200, page],
      ['https://evil.example', 400, null],
    ] as const) {
      const asked = await fetch(`${server.issuer}/token/revocation`, {
        method: 'OPTIONS',
        headers: { origin, ...preflight },
      })
      expect(asked.status).toBe(204)
      const revoked = await fetch(`${server.issuer}/token/revocation`, {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams(form),
      })
      expect([revoked.status, revoked.headers.get('access-control-allow-origin')]).toEqual([
        status,
        allowed,
      ])
    }
  },
)

test('registration: a page can read that it is limited', { tags: ['A-08'] }, async () => {
  await using server = await startServer({ demo: false, resources: [resource] })
  let last = new Response()
  for (let count = 0; count < 61; count += 1) last = await register(server, page, {})
  expect([last.status, last.headers.get('access-control-allow-origin')]).toEqual([429, '*'])
  expect(last.headers.get('access-control-expose-headers')).toBe('Retry-After')
})

test.each([
  ['cursor://anysphere.cursor-retrieval/oauth/callback'],
  ['com.example.app:/callback'],
  ['cursor://a/b', 'com.example.app:/callback'],
  ['com.example.app:/callback', 'http://127.0.0.1/callback'],
])('registration: native without application_type: %s', { tags: ['A-08'] }, async (...uris) => {
  await using server = await startServer({ demo: false, resources: [resource] })
  const response = await register(server, undefined, { redirect_uris: uris })
  expect([response.status, await response.json()]).toMatchObject([
    201,
    { application_type: 'native', redirect_uris: uris },
  ])
})
