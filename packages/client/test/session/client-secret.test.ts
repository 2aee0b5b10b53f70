import { expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { retryRevocations } from '../../src/index.ts'
import type { ClientConfiguration, Session } from '../../src/index.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

/** A server with one pre-registered client. */
async function confidentialScene(): Promise<Scene> {
  return await scene({ as: { clients: [{ clientId: 'client-1', clientSecret: 'first secret' }] } })
}

function sessionWith(it: Scene, clientSecret: string): Session {
  const client: ClientConfiguration = {
    name: 'a confidential client',
    preRegistered: { [it.as.issuer]: { clientId: 'client-1', clientSecret } },
  }
  return it.session({ client, refresh: { maximumWaitSeconds: 0 } })
}

function refreshTokensSent(it: Scene): readonly (string | undefined)[] {
  return it.as.requests
    .filter(({ form }) => form['grant_type'] === 'refresh_token')
    .map(({ form }) => form['refresh_token'])
}

test(
  'client secret: a rotated secret is used from the next refresh on, without a sign-in',
  { tags: ['C-53'] },
  async () => {
    await using it = await confidentialScene()
    await sessionWith(it, 'first secret').signIn()
    it.as.rotateClientSecret('client-1', 'second secret')
    it.clock.advanceSeconds(1000)
    await sessionWith(it, 'second secret').getAccessToken()
    expect(it.as.count('token', 'refreshed')).toBe(1)
    expect(it.as.refreshRequests()).toBe(1)
    expect(it.signIns()).toBe(1)
  },
)

test(
  'client secret: while it is wrong all tokens are kept, and the same refresh token works afterwards',
  { tags: ['C-53', 'C-59'] },
  async () => {
    await using it = await confidentialScene()
    const early = sessionWith(it, 'first secret')
    await early.signIn()
    it.as.rotateClientSecret('client-1', 'second secret')
    it.clock.advanceSeconds(1000)
    await expect(early.getAccessToken()).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'refresh-refused',
      oauthError: 'invalid_client',
      message: expect.stringContaining('check the client secret in the configuration'),
    })
    expect(await early.status()).toMatchObject({
      state: 'needs-reauth',
      hasRefreshToken: true,
      refusal: { oauthError: 'invalid_client' },
    })

    await sessionWith(it, 'second secret').getAccessToken()
    const sent = refreshTokensSent(it)
    expect(sent).toHaveLength(2)
    expect(sent[1]).toBe(sent[0])
    expect(it.as.count('token', 'refreshed')).toBe(1)
    expect(it.signIns()).toBe(1)
  },
)

test(
  'client secret: a client with a metadata document keeps its grants if the server refuses it',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene({ as: { clientIdMetadataDocuments: true } })
    const session = it.session({
      client: { name: 'a client', clientIdMetadataUrl: 'https://client.test/metadata.json' },
      refresh: { maximumWaitSeconds: 0 },
    })
    await session.signIn()
    it.clock.advanceSeconds(1000)
    it.as.faults.token.push({ kind: 'oauth-error', error: 'invalid_client' })
    await expect(session.getAccessToken()).rejects.toMatchObject({
      signInReason: 'refresh-refused',
      message: expect.stringContaining('fetch the metadata document of the client'),
    })
    it.clock.advanceSeconds(10)
    await session.getAccessToken()
    expect(it.signIns()).toBe(1)
  },
)

test(
  'client secret: a wrong one leads to one sign-in, and then to an error with the words of the server',
  { tags: ['C-59'] },
  async () => {
    await using it = await confidentialScene()
    const session = sessionWith(it, 'first secret')
    await session.signIn()
    it.as.rotateClientSecret('client-1', 'second secret')
    it.clock.advanceSeconds(1000)
    const fetch = authorizedFetch(session)
    for (let call = 0; call < 3; call += 1) {
      await expect(fetch(it.server.resource)).rejects.toMatchObject({
        code: 'TOKEN_REQUEST_REFUSED',
        message: expect.stringContaining('"invalid_client"'),
      })
      it.clock.advanceSeconds(60)
    }
    expect(it.signIns()).toBe(2)
  },
)

test(
  'client secret: if the server forgets a dynamic registration, the next sign-in registers again',
  { tags: ['C-53'] },
  async () => {
    await using it = await scene()
    const session = it.session()
    const { identity } = await session.signIn()
    it.as.forgetClient(identity.clientId)
    it.clock.advanceSeconds(1000)
    await expect(session.getAccessToken()).rejects.toMatchObject({
      signInReason: 'registration-ended',
    })
    expect((await session.signIn()).identity.clientId).not.toBe(identity.clientId)
  },
)

test(
  'client secret: a rotated secret is used for signing out',
  { tags: ['C-57', 'A-11'] },
  async () => {
    await using it = await confidentialScene()
    await sessionWith(it, 'first secret').signIn()
    it.as.rotateClientSecret('client-1', 'second secret')
    expect(await sessionWith(it, 'second secret').signOut()).toEqual({ revocation: 'revoked' })
    expect(it.as.isGrantAlive()).toBe(false)
  },
)

test(
  'client secret: a secret that was rotated after the sign-out is used for the pending revocation',
  { tags: ['C-57', 'A-11'] },
  async () => {
    await using it = await confidentialScene()
    const session = sessionWith(it, 'first secret')
    await session.signIn()
    it.as.faults.revoke.push({ kind: 'reset' })
    expect(await session.signOut()).toEqual({ revocation: 'pending' })
    it.as.rotateClientSecret('client-1', 'second secret')
    const preRegistered = {
      [it.as.issuer]: { clientId: 'client-1', clientSecret: 'second secret' },
    }
    const client: ClientConfiguration = { name: 'a confidential client', preRegistered }
    expect(await retryRevocations(it.store, { clock: it.clock, client })).toEqual({
      settled: 1,
      pending: 0,
    })
    expect(it.as.isGrantAlive()).toBe(false)
  },
)
