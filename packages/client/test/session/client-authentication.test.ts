import type { Fault } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { scene } from '../support/signed-in-session.ts'
import type { Scene } from '../support/signed-in-session.ts'

type Sent = 'basic' | 'form' | 'none'

/** Where the requests to an endpoint had the client secret, and whether each named the client. */
function authentications(it: Scene, endpoint: 'token' | 'revoke'): readonly Sent[] {
  return it.as.requests
    .filter((request) => request.endpoint === endpoint)
    .map(({ headers, form }) => {
      expect(form['client_id']).toMatch(/./)
      const isBasic = headers.authorization?.startsWith('Basic ') === true
      const isForm = form['client_secret'] !== undefined
      // RFC 6749 §2.3: never two methods in one request.
      expect(isBasic && isForm).toBe(false)
      return isBasic ? 'basic' : isForm ? 'form' : 'none'
    })
}

test(
  'client authentication: an issued secret is sent with HTTP Basic, and the form names the client',
  { tags: ['C-43'] },
  async () => {
    await using it = await scene({ as: { registeredSecrets: 'anywhere' } })
    const session = it.session()
    await session.signIn()
    it.clock.advanceSeconds(1000)
    await session.getAccessToken()
    await session.signOut()
    expect(authentications(it, 'token')).toEqual(['basic', 'basic'])
    expect(authentications(it, 'revoke')).toEqual(['basic'])
  },
)

test(
  'client authentication: a server that reads the secret from the form gets it there, and it is remembered',
  { tags: ['C-43'] },
  async () => {
    await using it = await scene({ as: { registeredSecrets: 'form-only' } })
    const session = it.session()
    await session.signIn()
    it.clock.advanceSeconds(1000)
    await session.getAccessToken()
    await session.signIn({ force: true })
    expect(await session.signOut()).toEqual({ revocation: 'revoked' })
    expect(authentications(it, 'token')).toEqual(['basic', 'form', 'form', 'form'])
    expect(authentications(it, 'revoke')).toEqual(['form'])
    expect(it.signIns()).toBe(2)
  },
)

test(
  'client authentication: metadata that lists client_secret_post first leads to a sign-in',
  { tags: ['C-43'] },
  async () => {
    await using it = await scene({ as: { registeredSecrets: 'form-only' } })
    const methods = ['client_secret_post', 'client_secret_basic']
    it.as.overrideMetadata({ token_endpoint_auth_methods_supported: methods })
    expect((await it.session().signIn()).refreshToken).toBe('issued')
    expect(it.signIns()).toBe(1)
  },
)

test(
  'client authentication: a public client whose secret the server requires sends it',
  { tags: ['C-43'] },
  async () => {
    await using it = await scene({ as: { registeredSecrets: 'anywhere' } })
    it.as.faults.register.push({ kind: 'merge', fields: { token_endpoint_auth_method: 'none' } })
    await it.session().signIn()
    expect(authentications(it, 'token')).toEqual(['none', 'basic'])
  },
)

test.each<[string, Fault]>([
  [
    '401 invalid_client',
    {
      kind: 'status',
      status: 401,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"invalid_client"}',
    },
  ],
  [
    'a missing field',
    { kind: 'oauth-error', error: 'invalid_request', description: 'client_secret: Field required' },
  ],
])(
  'client authentication: a revocation that is refused with %s is repeated with the secret in the form',
  { tags: ['C-57'] },
  async (_what, fault) => {
    await using it = await scene({ as: { registeredSecrets: 'anywhere' } })
    const session = it.session()
    await session.signIn()
    it.as.faults.revoke.push(fault)
    expect(await session.signOut()).toEqual({ revocation: 'revoked' })
    expect(authentications(it, 'revoke')).toEqual(['basic', 'form'])
    expect(it.as.isGrantAlive()).toBe(false)
  },
)

test(
  'client authentication: a client without a secret sends one request',
  { tags: ['C-53', 'C-57'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    it.as.faults.revoke.push({ kind: 'oauth-error', error: 'invalid_client' })
    expect(await session.signOut()).toEqual({ revocation: 'refused' })
    expect(authentications(it, 'revoke')).toEqual(['none'])
  },
)

test(
  'client authentication: an expired secret leads to a new registration',
  { tags: ['C-43'] },
  async () => {
    await using it = await scene({ as: { registeredSecrets: 'anywhere' } })
    const expiry = it.clock.nowEpochSeconds() + 500
    it.as.faults.register.push({ kind: 'merge', fields: { client_secret_expires_at: expiry } })
    const { identity } = await it.session().signIn()
    const again = await it.session().signIn({ force: true })
    expect(again.identity.clientId).toBe(identity.clientId)
    it.clock.advanceSeconds(600)
    const later = await it.session().signIn({ force: true })
    expect(later.identity.clientId).not.toBe(identity.clientId)
  },
)

test(
  'client authentication: the method that a pre-registered client needed is kept for refreshes',
  { tags: ['C-43'] },
  async () => {
    await using it = await scene({
      as: {
        clients: [{ clientId: 'by-hand', clientSecret: 'a secret' }],
        registeredSecrets: 'form-only',
      },
    })
    const preRegistered = { [it.as.issuer]: { clientId: 'by-hand', clientSecret: 'a secret' } }
    const session = it.session({ client: { name: 'by hand', preRegistered } })
    await session.signIn()
    it.clock.advanceSeconds(1000)
    await session.getAccessToken()
    expect(authentications(it, 'token')).toEqual(['basic', 'form', 'form'])
  },
)
