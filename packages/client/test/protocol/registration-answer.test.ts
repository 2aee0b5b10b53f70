import type { Fault } from '@evergrant/test-kit'
import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { discoverAuthorizationServer } from '../../src/protocol/server-discovery.ts'
import { registerClient } from '../support/register-client.ts'
import type { ClientConfiguration, ClientRegistration } from '../../src/protocol/registration.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'
const clock = virtualClock(1_800_000_000)

/** Registers at a server that answers with this fault. */
async function registerWith(
  fault: Fault,
  client: Partial<ClientConfiguration> = {},
): Promise<ClientRegistration> {
  await using as = await startScriptedAuthorizationServer()
  as.faults.register.push(fault)
  const { metadata } = await discoverAuthorizationServer(as.issuer)
  return await registerClient(metadata, { name: 'App', ...client }, redirectUri, { clock })
}

function merged(fields: Readonly<Record<string, unknown>>): Fault {
  return { kind: 'merge', fields }
}

function refused(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const type = { 'content-type': 'application/json' }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { kind: 'status', status, headers: { ...type, ...headers }, body: text } as const
}

test.each<
  [string, Readonly<Record<string, unknown>>, ClientRegistration['tokenEndpointAuthMethod']]
>([
  [
    'a secret without a method',
    { client_secret: 's3cret', token_endpoint_auth_method: undefined },
    'client_secret_basic',
  ],
  [
    'a secret and an unknown method',
    { client_secret: 's3cret', token_endpoint_auth_method: 'private_key_jwt' },
    'client_secret_basic',
  ],
  [
    'a secret for the form',
    { client_secret: 's3cret', token_endpoint_auth_method: 'client_secret_post' },
    'client_secret_post',
  ],
  [
    'a secret that is not needed',
    { client_secret: 's3cret', token_endpoint_auth_method: 'none' },
    'none',
  ],
  [
    'an empty secret without a method',
    { client_secret: '', token_endpoint_auth_method: undefined },
    'none',
  ],
  ['a method without a secret', { token_endpoint_auth_method: 'client_secret_basic' }, 'none'],
])(
  'registration answer: %s decides the authentication',
  { tags: ['C-43'] },
  async (_what, fields, method) => {
    expect((await registerWith(merged(fields))).tokenEndpointAuthMethod).toBe(method)
  },
)

test(
  'registration answer: keeps the registered scope and the time',
  { tags: ['C-43'] },
  async () => {
    expect(await registerWith(merged({ scope: 'openid profile' }))).toMatchObject({
      scope: 'openid profile',
      registeredAtEpochSeconds: 1_800_000_000,
    })
    expect((await registerWith({ kind: 'pass' })).scope).toBeUndefined()
  },
)

test.each([
  ['0', 0, undefined],
  ['a time', 1_900_000_000, 1_900_000_000],
  ['a time as text', '1900000000', 1_900_000_000],
  ['text', 'never', undefined],
])(
  'registration answer: client_secret_expires_at that is %s',
  { tags: ['C-43'] },
  async (_what, client_secret_expires_at, expected) => {
    const fields = { client_secret: 's3cret', client_secret_expires_at }
    expect((await registerWith(merged(fields))).secretExpiresAtEpochSeconds).toBe(expected)
  },
)

test.each([
  ['the requested one and others', ['https://app.test/', redirectUri]],
  ['the requested one on another port', ['http://127.0.0.1/callback']],
  ['none', []],
])(
  'registration answer: accepts redirect_uris with %s',
  { tags: ['C-43'] },
  async (_what, redirect_uris) => {
    expect(await registerWith(merged({ redirect_uris }))).toMatchObject({ redirectUri })
  },
)

test.each([
  ['another path', ['http://127.0.0.1:4711/']],
  ['another host', ['http://localhost:4711/callback']],
  ['another scheme', ['https://127.0.0.1:4711/callback']],
])(
  'registration answer: redirect_uris with only %s is an error that names both',
  { tags: ['C-43'] },
  async (_what, redirect_uris) => {
    const result = registerWith(merged({ redirect_uris }))
    await expect(result).rejects.toMatchObject({ code: 'REGISTRATION_FAILED' })
    await expect(result).rejects.toThrow(`"${redirect_uris[0] ?? ''}" (expected ${redirectUri})`)
  },
)

test.each<[string, Fault, string]>([
  [
    'an OAuth error',
    refused(400, {
      error: 'invalid_client_metadata',
      error_description: 'redirect uri scheme not allowed',
    }),
    '"invalid_client_metadata": "redirect uri scheme not allowed"',
  ],
  [
    'the JSON of a framework',
    refused(403, { message: 'Registration is by invitation' }),
    'Registration is by invitation',
  ],
  [
    'problem details',
    refused(422, { title: 'Unprocessable', detail: 'software_id is required' }),
    'software_id is required',
  ],
  ['plain text', refused(403, 'Policy "Trusted Hosts" rejected the request'), 'Trusted Hosts'],
  [
    'an error with status 200',
    refused(200, { error: 'access_denied', error_description: 'ask sales' }),
    '"access_denied": "ask sales"',
  ],
])(
  'registration refused: shows the words of %s',
  { tags: ['C-38', 'C-43'] },
  async (_what, fault, words) => {
    const result = registerWith(fault)
    await expect(result).rejects.toMatchObject({ code: 'REGISTRATION_FAILED' })
    await expect(result).rejects.toThrow(words)
    await expect(result).rejects.toThrow(/http:\/\/127\.0\.0\.1:\d+\/register/)
  },
)

test(
  'registration refused: a page of HTML is not repeated',
  { tags: ['C-06', 'C-38'] },
  async () => {
    await expect(registerWith({ kind: 'html', status: 403 })).rejects.not.toThrow('Welcome')
  },
)

test.each([
  ['seconds', 429, '30', 30],
  ['a date', 429, 'Fri, 15 Jan 2027 08:01:00 GMT', 60],
  ['a date with status 503', 503, 'Fri, 15 Jan 2027 08:02:00 GMT', 120],
  ['no header', 503, undefined, undefined],
])(
  'registration refused: Retry-After in %s is in the error',
  { tags: ['C-38', 'C-53'] },
  async (_what, status, retryAfter, expected) => {
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
    await expect(
      registerWith(refused(status, { error: 'slow_down' }, headers)),
    ).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
      retryAfterSeconds: expected,
    })
  },
)

test.each<[string, Partial<ClientConfiguration>]>([
  ['one client', { preRegistered: { 'https://a.test': { clientId: 'x' } } }],
  [
    'several clients',
    { preRegistered: { 'https://a.test': { clientId: 'x' }, 'https://c.test': { clientId: 'y' } } },
  ],
  [
    'a client, and no registration',
    { preRegistered: { 'https://a.test': { clientId: 'x' } }, dynamicRegistration: false },
  ],
])(
  'registration: with %s configured for other issuers, the error names the issuers',
  { tags: ['C-40'] },
  async (_what, client) => {
    await using as = await startScriptedAuthorizationServer()
    const { metadata } = await discoverAuthorizationServer(as.issuer)
    const result = registerClient(metadata, { name: 'App', ...client }, redirectUri)
    await expect(result).rejects.toMatchObject({ code: 'REGISTRATION_FAILED' })
    await expect(result).rejects.toThrow('"https://a.test" (client "x")')
    await expect(result).rejects.toThrow(`Configure a client for "${as.issuer}"`)
    await expect(result).rejects.toThrow('--client-id with --issuer')
    await expect(result).rejects.toThrow('client.dynamicRegistration')
    expect(as.count('register')).toBe(0)
  },
)

test(
  'registration: dynamicRegistration allows it beside configured clients',
  { tags: ['C-40'] },
  async () => {
    const preRegistered = { 'https://a.test': { clientId: 'x' } }
    const client = { preRegistered, dynamicRegistration: true }
    expect(await registerWith({ kind: 'pass' }, client)).toMatchObject({ origin: 'dynamic' })
    await expect(registerWith({ kind: 'pass' }, { dynamicRegistration: false })).rejects.toThrow(
      'client.dynamicRegistration is false',
    )
  },
)

test.each([307, 308])(
  'registration: a redirect with status %i within the origin is followed with the same body',
  { tags: ['C-37'] },
  async (status) => {
    await using as = await startScriptedAuthorizationServer()
    const { metadata } = await discoverAuthorizationServer(as.issuer)
    const endpoint = metadata.registration_endpoint ?? ''
    as.faults.register.push({ kind: 'status', status, headers: { location: endpoint } })
    const registered = await registerClient(metadata, { name: 'App' }, redirectUri, { clock })
    expect(registered).toMatchObject({ issuer: as.issuer, redirectUri })
    const bodies = as.requests.filter((one) => one.endpoint === 'register')
    expect(bodies).toHaveLength(2)
  },
)

test.each<[string, Fault, string]>([
  [
    'a redirect to another origin',
    refused(308, '', { location: 'https://other.test/register' }),
    'answered with a redirect to "https://other.test/register" (status 308',
  ],
  [
    'a redirect that changes the method',
    refused(302, '', { location: '/login' }),
    'answered with a redirect to "/login" (status 302',
  ],
  [
    'a page of a bot check',
    refused(403, '<html>Just a moment</html>', { 'content-type': 'text/html' }),
    '(status 403, "text/html")',
  ],
  [
    'a validation error of FastAPI',
    refused(422, { detail: [{ loc: ['body', 'application_type'], msg: 'Not permitted' }] }),
    '(status 422, "body.application_type: Not permitted")',
  ],
  ['a rate limit', refused(429, '', { 'retry-after': '30' }), 'Try again in 30 s.'],
])('registration: the error after %s says what was found', { tags: ['C-38'] }, async (...row) => {
  const [, fault, words] = row
  await expect(registerWith(fault)).rejects.toThrow(words)
})
