import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { registerClient } from '../support/register-client.ts'
import { discoverAuthorizationServer } from '../../src/protocol/server-discovery.ts'
import type { ClientConfiguration } from '../../src/protocol/registration.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'
const url = 'https://app.test/client.json'

async function scene(
  metadata: Readonly<Record<string, unknown>> = {},
  options: Parameters<typeof startScriptedAuthorizationServer>[0] = {},
) {
  const as = await startScriptedAuthorizationServer(options)
  as.overrideMetadata(metadata)
  const found = await discoverAuthorizationServer(as.issuer)
  return {
    as,
    metadata: found.metadata,
    register: (client: Partial<ClientConfiguration> = {}) =>
      registerClient(found.metadata, { name: 'App', ...client }, redirectUri),
    [Symbol.asyncDispose]: () => as.close(),
  }
}

test(
  'registration: registers dynamically, and declares refresh tokens and the application type',
  { tags: ['C-01', 'C-37', 'C-38'] },
  async () => {
    await using it = await scene()
    const registration = await it.register()
    expect(registration).toMatchObject({
      issuer: it.as.issuer,
      origin: 'dynamic',
      tokenEndpointAuthMethod: 'none',
      redirectUri,
    })
    expect(it.as.requests.find((request) => request.endpoint === 'register')?.json).toEqual({
      client_name: 'App',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    })
  },
)

test(
  'registration: uses the metadata document if the server supports it',
  { tags: ['C-37'] },
  async () => {
    await using it = await scene({}, { clientIdMetadataDocuments: true })
    expect(await it.register({ clientIdMetadataUrl: url })).toMatchObject({
      clientId: url,
      origin: 'client-id-metadata-document',
      tokenEndpointAuthMethod: 'none',
    })
    expect(it.as.count('register')).toBe(0)
  },
)

test(
  'registration: registers dynamically if the server does not support metadata documents',
  { tags: ['C-37'] },
  async () => {
    await using it = await scene()
    expect(await it.register({ clientIdMetadataUrl: url })).toMatchObject({ origin: 'dynamic' })
  },
)

test(
  'registration: a pre-registered client has precedence, for its issuer only',
  { tags: ['C-37', 'C-39'] },
  async () => {
    await using it = await scene({}, { clientIdMetadataDocuments: true })
    const mine = { clientId: 'by-hand', clientSecret: 'secret' }
    expect(
      await it.register({ clientIdMetadataUrl: url, preRegistered: { [it.as.issuer]: mine } }),
    ).toMatchObject({
      ...mine,
      issuer: it.as.issuer,
      origin: 'pre-registered',
      tokenEndpointAuthMethod: 'client_secret_basic',
    })
    expect(
      await it.register({
        clientIdMetadataUrl: url,
        preRegistered: { 'https://other.test': mine },
      }),
    ).toMatchObject({ clientId: url })
    expect(it.as.count('register')).toBe(0)
  },
)

test(
  'registration: without dynamic registration, the error gives the next step',
  { tags: ['C-37'] },
  async () => {
    await using it = await scene({ registration_endpoint: undefined })
    await expect(it.register()).rejects.toMatchObject({
      code: 'REGISTRATION_FAILED',
      message: expect.stringContaining(
        `Register a client there with the redirect URI ${redirectUri}`,
      ),
    })
  },
)

test(
  'registration: a metadata URL that cannot be a client ID is an invalid option',
  { tags: ['C-37'] },
  async () => {
    await using it = await scene({}, { clientIdMetadataDocuments: true })
    await expect(
      it.register({ clientIdMetadataUrl: 'http://app.test/client.json' }),
    ).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  },
)

test(
  'registration: a redirect URI that no server should accept is not sent',
  { tags: ['C-38'] },
  async () => {
    await using it = await scene()
    await expect(
      registerClient(it.metadata, { name: 'App' }, 'http://app.test/callback'),
    ).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    expect(it.as.count('register')).toBe(0)
  },
)

test('registration: the error of a rejection explains it', { tags: ['C-38'] }, async () => {
  await using it = await scene()
  it.as.faults.register.push({ kind: 'oauth-error', error: 'invalid_redirect_uri' })
  await expect(it.register()).rejects.toMatchObject({
    code: 'REGISTRATION_FAILED',
    oauthError: 'invalid_redirect_uri',
    message: expect.stringContaining('application_type'),
  })
})

test.each([
  ['a 503', { kind: 'status', status: 503 }, 'TEMPORARILY_UNAVAILABLE'],
  ['a 429', { kind: 'status', status: 429 }, 'TEMPORARILY_UNAVAILABLE'],
  ['a reset', { kind: 'reset' }, 'TEMPORARILY_UNAVAILABLE'],
  ['16 MiB', { kind: 'huge' }, 'TEMPORARILY_UNAVAILABLE'],
  ['HTML with status 200', { kind: 'html' }, 'REGISTRATION_FAILED'],
  ['a redirect', { kind: 'redirect', location: 'https://evil.test/' }, 'REGISTRATION_FAILED'],
  ['no client_id', { kind: 'omit', fields: ['client_id'] }, 'REGISTRATION_FAILED'],
] as const)(
  'registration: %s gets its own error code',
  { tags: ['C-38'] },
  async (_, fault, code) => {
    await using it = await scene()
    it.as.faults.register.push(fault)
    await expect(it.register()).rejects.toMatchObject({ code })
  },
)

test(
  'registration: keeps the secret that a server requires, and its authentication method',
  { tags: ['C-39'] },
  async () => {
    await using it = await scene({ token_endpoint_auth_methods_supported: ['client_secret_post'] })
    it.as.faults.register.push({
      kind: 'merge',
      fields: {
        client_secret: 's3cret',
        client_secret_expires_at: 1_900_000_000,
        token_endpoint_auth_method: 'client_secret_post',
      },
    })
    expect(await it.register()).toMatchObject({
      clientSecret: 's3cret',
      tokenEndpointAuthMethod: 'client_secret_post',
      secretExpiresAtEpochSeconds: 1_900_000_000,
    })
    expect(it.as.requests.find((request) => request.endpoint === 'register')?.json).toMatchObject({
      token_endpoint_auth_method: 'client_secret_post',
    })
  },
)
