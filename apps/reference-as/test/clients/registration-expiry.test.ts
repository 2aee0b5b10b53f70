import { describe, expect, test } from 'vitest'
import { openStore } from '../../src/store/open.ts'
import { databases, noteWithoutPostgres } from '../databases.ts'
import {
  authorizationRequest,
  presentation,
  refresh,
  register,
  resource,
  signInWithRefreshToken,
  startServer,
} from '../support.ts'

const day = 86_400

noteWithoutPostgres('registrations that end')

describe.each(databases.filter(({ available }) => available))('on $name', (kind) => {
  /** Sweeps as on a later day. */
  async function sweepAfter(location: string, days: number): Promise<void> {
    const store = await openStore(location)
    await store.sweep(Math.floor(Date.now() / 1000) + days * day)
    await store.close()
  }

  test('registration: an unused one is removed after 7 days', { tags: ['A-13'] }, async () => {
    await using database = await kind.open()
    await using server = await startServer({
      databasePath: database.location,
      demo: false,
      resources: [resource],
    })
    const client = await register(server)
    const gone = await authorizationRequest(server, client)
    // An authorization request alone does not count as use.
    expect((await fetch(gone.url, { redirect: 'manual' })).status).toBe(303)
    await sweepAfter(database.location, 6.9)
    expect((await fetch(gone.url, { redirect: 'manual' })).status).toBe(303)
    await sweepAfter(database.location, 7.1)
    const response = await fetch(gone.url, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    expect(await response.text()).toMatch(/not used for\s+7 days.*add it\s+again/s)
    // On this error, a client registers again.
    expect(await presentation(server, client, 'any')).toBe('invalid_client')
  })

  test('registration: outlives its grants, on every instance', { tags: ['A-13'] }, async () => {
    await using database = await kind.open()
    const options = {
      databasePath: database.location,
      refreshTokenLifetimeSeconds: 30 * day,
      refreshTokenIdleSeconds: 30 * day,
    }
    await using one = await startServer(options)
    await using two = await startServer(options)
    const { client, refreshToken } = await signInWithRefreshToken(one)
    await sweepAfter(database.location, 29.9)
    const next = await refresh(two, client, refreshToken)
    // The grant has expired, and the client still gets the right error.
    await sweepAfter(database.location, 36)
    expect(await presentation(two, client, next.refresh_token)).toBe('invalid_grant')
    await sweepAfter(database.location, 38)
    expect(await presentation(two, client, next.refresh_token)).toBe('invalid_client')
  })

  test('registration: is extended before its grant is stored', { tags: ['A-13'] }, async () => {
    await using database = await kind.open()
    const server = await startServer({ databasePath: database.location })
    const { client } = await signInWithRefreshToken(server)
    await server.close()
    const { expires_at: clientEnd } = await database.row(
      "SELECT expires_at FROM {artifacts} WHERE model = 'Client'",
    )
    const { expires_at: grantEnd } = await database.row(
      "SELECT max(expires_at) AS expires_at FROM {artifacts} WHERE model = 'Grant'",
    )
    const { family_expires_at: familyEnd } = await database.row(
      'SELECT max(family_expires_at) AS family_expires_at FROM {refresh_tokens}',
    )
    expect(Number(grantEnd)).toBeGreaterThan(Number(familyEnd))
    expect(Number(clientEnd)).toBeGreaterThan(Number(grantEnd))
    expect(client.client_id).not.toBe('')
  })

  test(
    'registration: those of an earlier version expire after the last grant and lose their secrets',
    { tags: ['A-13', 'C-06'] },
    async () => {
      await using database = await kind.open()
      const before = await openStore(database.location)
      const secret = 'a-secret-of-an-earlier-version-in-clear'
      const now = Math.floor(Date.now() / 1000)
      const grantEnd = now + 50 * day
      await before.artifacts.put('Client', 'old', {
        payload: {
          client_id: 'old',
          client_secret: secret,
          token_endpoint_auth_method: 'client_secret_basic',
          redirect_uris: ['http://127.0.0.1/callback'],
          application_type: 'native',
          grant_types: ['authorization_code', 'refresh_token'],
        },
      })
      await before.artifacts.put('Grant', 'grant', {
        payload: { clientId: 'old' },
        expiresAtEpochSeconds: grantEnd,
      })
      await before.close()
      await database.setLayoutVersion(1)
      await using server = await startServer({ databasePath: database.location })
      const { expires_at: end } = await database.row(
        "SELECT expires_at FROM {artifacts} WHERE model = 'Client'",
      )
      expect(Number(end)).toBe(grantEnd + 7 * day)
      const token = async (value: string) => {
        const response = await fetch(`${server.issuer}/token`, {
          method: 'POST',
          headers: { authorization: `Basic ${btoa(`old:${value}`)}` },
          body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'any' }),
        })
        return await response.json()
      }
      expect(await token(secret)).toMatchObject({ error: 'invalid_grant' })
      expect(await token('another')).toMatchObject({ error: 'invalid_client' })
      expect(await database.content()).not.toContain(secret)
    },
  )
})
