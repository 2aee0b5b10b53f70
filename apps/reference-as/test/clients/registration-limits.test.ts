import { describe, expect, test } from 'vitest'
import { discover, redirectUri, register, resource, startServer } from '../support.ts'

const open = { demo: false, resources: [resource] } as const

async function postRegistration(issuer: string, metadata: object) {
  const response = await fetch(`${issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: [redirectUri],
      ...metadata,
    }),
  })
  const body: unknown = await response.json()
  return { status: response.status, body }
}

const key = { kty: 'EC', crv: 'P-256', x: 'x'.repeat(9000), y: 'x'.repeat(9000) }

test.each<[string, object, RegExp]>([
  [
    'a scheme that shows the source of a page',
    { redirect_uris: ['view-source:https://a.example/'] },
    /scheme/,
  ],
  ['a scheme that starts a search', { redirect_uris: ['search-ms:query=x'] }, /scheme/],
  ['a file', { redirect_uris: ['file:///etc/passwd'] }, /scheme/],
  ['a user name and password', { redirect_uris: ['https://user:secret@a.example/'] }, /password/],
  ['a user name', { redirect_uris: ['https://accounts.example@a.example/'] }, /user name/],
  ['http to another machine', { redirect_uris: ['http://a.example/'] }, /not loopback/],
  ['a fragment', { redirect_uris: ['https://a.example/#x'] }, /fragment/],
  ['a space in front', { redirect_uris: [' https://a.example/'] }, /RFC 3986/],
  ['a backslash', { redirect_uris: ['https://a.example\\@b.example/'] }, /RFC 3986|user name/],
  ['a line break', { redirect_uris: ['https://a.example/\n'] }, /RFC 3986/],
  [
    'one wrong URI among others',
    { redirect_uris: [redirectUri, 'view-source:https://a.example/'] },
    /scheme/,
  ],
  [
    '21 redirect URIs',
    { redirect_uris: Array.from({ length: 21 }, (_, index) => `https://a.example/${index}`) },
    /redirect_uris has 21 entries \(at most 20\)/,
  ],
  [
    'a redirect URI of 2,000 characters',
    { redirect_uris: [`https://a.example/${'x'.repeat(2000)}`] },
    /redirect_uris has 2018 characters \(at most 1024\)/,
  ],
  ['a name of 201 characters', { client_name: 'x'.repeat(201) }, /client_name has 201/],
  ['a name of 50 KB', { client_name: 'x'.repeat(50_000) }, /at most 16384/],
  ['a website of 2,000 characters', { client_uri: `https://a.example/${'x'.repeat(2000)}` }, /uri/],
  ['keys of 18 KB', { jwks: { keys: [key] } }, /at most 16384/],
])('registration: refuses %s and says why', { tags: ['A-08'] }, async (_, metadata, why) => {
  await using server = await startServer(open)
  const { status, body } = await postRegistration(server.issuer, metadata)
  expect(status).toBe(400)
  expect(body).toMatchObject({
    error: expect.stringMatching(/^invalid_(client_metadata|redirect_uri)$/),
    error_description: expect.stringMatching(why),
  })
  expect(JSON.stringify(body)).not.toContain('secret')
})

test.each([
  ['a loopback URI', redirectUri],
  ['a loopback URI for IPv6', 'http://[::1]/callback'],
  ['a website', 'https://client.example/oauth/callback?source=mcp'],
  ['a scheme that is a reversed domain name', 'com.example.app:/callback'],
])('registration: accepts %s', { tags: ['A-08'] }, async (_, uri) => {
  await using server = await startServer(open)
  const client = await register(server, { redirect_uris: [uri] })
  expect(client['redirect_uris']).toEqual([uri])
})

test.each([
  ['alone', ['cursor://anysphere.cursor-mcp/oauth/callback']],
  [
    'among others',
    [
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'http://localhost:8787/callback',
      'cursor://anysphere.cursor-mcp/oauth/callback',
    ],
  ],
])(
  'registration: a private-use redirect URI %s makes a web client a native client',
  { tags: ['A-08'] },
  async (_, uris) => {
    await using server = await startServer(open)
    for (const applicationType of [undefined, 'web']) {
      const { status, body } = await postRegistration(server.issuer, {
        redirect_uris: uris,
        application_type: applicationType,
      })
      expect({ status, body }).toMatchObject({
        status: 201,
        body: { redirect_uris: uris, application_type: 'native' },
      })
    }
  },
)

test(
  'registration: a configured client may have metadata that cannot be registered',
  { tags: ['A-08'] },
  async () => {
    const client = {
      client_id: 'editor',
      redirect_uris: ['editor://example.extension/callback'],
      token_endpoint_auth_method: 'none' as const,
      application_type: 'native' as const,
    }
    await using server = await startServer({ ...open, clients: [client] })
    const url = new URL('/auth', server.issuer)
    const parameters = { client_id: 'editor', response_type: 'code', scope: 'openid' }
    url.search = new URLSearchParams({
      ...parameters,
      redirect_uri: client.redirect_uris[0] ?? '',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    }).toString()
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(303)
  },
)

describe('metadata', () => {
  test('registration: the response has no unusable URL or token', { tags: ['A-08'] }, async () => {
    await using server = await startServer(open)
    for (const method of ['none', 'client_secret_basic']) {
      const client = await register(server, { token_endpoint_auth_method: method })
      expect(client).not.toHaveProperty('registration_client_uri')
      expect(client).not.toHaveProperty('registration_access_token')
    }
  })

  test('metadata: every endpoint answers', { tags: ['A-08'] }, async () => {
    await using server = await startServer(open)
    const endpoints = Object.entries(await discover(server)).flatMap(([name, value]) =>
      /_endpoint$|^jwks_uri$/.test(name) && typeof value === 'string' ? [value] : [],
    )
    expect(endpoints.length).toBeGreaterThan(4)
    for (const endpoint of endpoints) {
      const statuses = await Promise.all(
        ['GET', 'POST'].map(async (method) => (await fetch(endpoint, { method })).status),
      )
      expect(statuses.some((status) => status !== 404)).toBe(true)
    }
  })
})
