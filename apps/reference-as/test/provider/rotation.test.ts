import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import {
  answerOf,
  authorizationRequest,
  post,
  presentation,
  redirectUri,
  refresh,
  register,
  resource,
  signIn,
  signInWithRefreshToken,
  startServer,
  temporaryFolder,
} from '../support.ts'

function liveRefreshTokens(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return database
      .prepare('SELECT count(*) AS live FROM refresh_tokens WHERE superseded_at IS NULL')
      .get()?.['live']
  } finally {
    database.close()
  }
}

test(
  'rotation: 8 concurrent refreshes with one token give one successor and leave one live token',
  { tags: ['A-05', 'A-06'] },
  async () => {
    using folder = temporaryFolder()
    const databasePath = folder.file('as.db')
    await using server = await startServer({ databasePath })
    const { client, refreshToken } = await signInWithRefreshToken(server)

    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => await refresh(server, client, refreshToken)),
    )

    expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1)
    expect(new Set(answers.map((answer) => answer.access_token)).size).toBe(8)
    expect(liveRefreshTokens(databasePath)).toBe(1)
    expect(server.stats().refreshTokens).toMatchObject({ rotated: 1, replayed: 7 })
    expect(server.stats().tokenRequests).toEqual({
      authorization_code: { success: 1 },
      refresh_token: { success: 8 },
    })
  },
)

test(
  'rotation: after a lost response, the old token leads to the same successor',
  { tags: ['A-06'] },
  async () => {
    await using server = await startServer()
    const { client, refreshToken } = await signInWithRefreshToken(server)
    const lost = await refresh(server, client, refreshToken)
    const again = await refresh(server, client, refreshToken)
    expect(again.refresh_token).toBe(lost.refresh_token)
    expect(await presentation(server, client, again.refresh_token)).toBe('ok')
  },
)

test(
  'rotation: after a lost response and a restart, the old token leads to the same successor',
  { tags: ['A-06'] },
  async () => {
    using folder = temporaryFolder()
    const databasePath = folder.file('as.db')
    const first = await startServer({ databasePath })
    const { client, refreshToken } = await signInWithRefreshToken(first)
    const lost = await refresh(first, client, refreshToken)
    await first.close()

    await using second = await startServer({ databasePath })
    expect((await refresh(second, client, refreshToken)).refresh_token).toBe(lost.refresh_token)
  },
)

test(
  'rotation: reuse after the first use of the successor revokes the family and is logged',
  { tags: ['A-05', 'A-06'] },
  async () => {
    using folder = temporaryFolder()
    const databasePath = folder.file('as.db')
    await using server = await startServer({ databasePath })
    const { client, refreshToken: first } = await signInWithRefreshToken(server)
    const second = await refresh(server, client, first)
    const third = await refresh(server, client, second.refresh_token)

    expect(await presentation(server, client, first)).toBe('invalid_grant')
    for (const token of [first, second.refresh_token, third.refresh_token]) {
      expect(await presentation(server, client, token)).toBe('invalid_grant')
    }
    expect(liveRefreshTokens(databasePath)).toBe(0)
    expect(server.stats().refreshTokens.reuseDetected).toBe(1)
    expect(server.logs).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        event: 'refresh_token.reuse-detected',
        client: client.client_id,
        reason: 'successor-used',
      }),
    )
  },
)

test('rotation: reuse of an expired token revokes the family too', { tags: ['A-05'] }, async () => {
  using folder = temporaryFolder()
  const databasePath = folder.file('as.db')
  await using server = await startServer({ databasePath })
  const { client, refreshToken: first } = await signInWithRefreshToken(server)
  const second = await refresh(server, client, first)
  const third = await refresh(server, client, second.refresh_token)
  const database = new DatabaseSync(databasePath)
  database.exec(
    'UPDATE refresh_tokens SET expires_at = unixepoch() - 60 WHERE superseded_at IS NOT NULL',
  )
  database.close()

  expect(await presentation(server, client, first)).toBe('invalid_grant')
  expect(await presentation(server, client, third.refresh_token)).toBe('invalid_grant')
  expect(server.stats().refreshTokens.reuseDetected).toBe(1)
})

test(
  'rotation: calls that met the same expiry end with the same token, in any order',
  { tags: ['A-06'] },
  async () => {
    using folder = temporaryFolder()
    const databasePath = folder.file('as.db')
    await using server = await startServer({ databasePath, overlapSeconds: 60 })
    const { client, refreshToken: first } = await signInWithRefreshToken(server)
    const database = new DatabaseSync(databasePath)
    database.exec('UPDATE refresh_tokens SET issued_at = issued_at - 300')

    const { refresh_token: second } = await refresh(server, client, first)
    const answers = await Promise.all(
      [second, first, second, first].map(async (token) => await refresh(server, client, token)),
    )

    expect(answers.map((answer) => answer.refresh_token)).toEqual(Array(4).fill(second))
    expect(server.stats().refreshTokens).toMatchObject({ rotated: 1, replayed: 2, kept: 2 })
    database.exec(
      'UPDATE refresh_tokens SET issued_at = issued_at - 300, superseded_at = superseded_at - 61',
    )
    database.close()
    expect(await presentation(server, client, first)).toBe('invalid_grant')
    expect(server.stats().refreshTokens.reuseDetected).toBe(1)
  },
)

test(
  'rotation: reuse does not affect other sign-ins of the same client',
  { tags: ['A-05'] },
  async () => {
    await using server = await startServer({ graceSeconds: 0 })
    const { client, refreshToken } = await signInWithRefreshToken(server)
    const other = await signIn(server, { client })
    await refresh(server, client, refreshToken)
    expect(await presentation(server, client, refreshToken)).toBe('invalid_grant')
    expect(await presentation(server, client, other.tokens.refresh_token ?? '')).toBe('ok')
  },
)

test('rotation: without grace, concurrent use is reuse', { tags: ['A-05'] }, async () => {
  using folder = temporaryFolder()
  const databasePath = folder.file('as.db')
  await using server = await startServer({ graceSeconds: 0, databasePath })
  const { client, refreshToken } = await signInWithRefreshToken(server)
  const outcomes = await Promise.all(
    Array.from({ length: 4 }, async () => await presentation(server, client, refreshToken)),
  )
  expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome === 'invalid_grant')).toHaveLength(3)
  expect(liveRefreshTokens(databasePath)).toBe(0)
})

describe('requests that are refused spend nothing', () => {
  test.each([
    ['a scope that was not granted', { scope: 'mcp:read mcp:admin' }, 'invalid_scope'],
    ['a resource that was not granted', { resource: 'http://127.0.0.1:9/x' }, 'invalid_target'],
    ['an invalid resource', { resource: 'not a url' }, 'invalid_target'],
  ])('refused refresh: %s spends nothing', { tags: ['A-05', 'A-08'] }, async (_, extra, error) => {
    await using server = await startServer({ graceSeconds: 0 })
    const { client, refreshToken } = await signInWithRefreshToken(server)
    expect(await presentation(server, client, refreshToken, extra)).toBe(error)
    // Without grace, a spent token would be refused and its family revoked.
    expect(await presentation(server, client, refreshToken)).toBe('ok')
  })

  test(
    'refused refresh: a resource that is no longer configured spends nothing',
    { tags: ['A-05', 'A-08'] },
    async () => {
      using folder = temporaryFolder()
      const databasePath = folder.file('as.db')
      // In the demo, only a resource outside of loopback can be unknown.
      const listed = { databasePath, graceSeconds: 0, resources: ['https://mcp.test/mcp'] }
      const first = await startServer(listed)
      const { client, tokens } = await signIn(first, {
        parameters: { resource: 'https://mcp.test/mcp' },
      })
      const refreshToken = tokens.refresh_token ?? ''
      await first.close()

      const without = await startServer({ ...listed, resources: ['https://other.test/mcp'] })
      expect(await presentation(without, client, refreshToken)).toBe('invalid_target')
      await without.close()

      await using again = await startServer(listed)
      expect(await presentation(again, client, refreshToken)).toBe('ok')
    },
  )

  test(
    'refused refresh: two granted resources without a requested one spend nothing',
    { tags: ['A-05', 'A-08'] },
    async () => {
      await using server = await startServer({ graceSeconds: 0 })
      const client = await register(server)
      const authorization = await authorizationRequest(server, client)
      authorization.url.searchParams.append('resource', 'http://127.0.0.1:9/other')
      const { body } = await post(server, '/token', {
        grant_type: 'authorization_code',
        client_id: client.client_id,
        code: (await answerOf(authorization)).searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: authorization.verifier,
        resource,
      })
      const refreshToken = String(body['refresh_token'])
      expect(await presentation(server, client, refreshToken)).toBe('invalid_target')
      expect(await presentation(server, client, refreshToken, { resource })).toBe('ok')
    },
  )

  test('refused refresh: a token of another client is not spent', { tags: ['A-05'] }, async () => {
    await using server = await startServer({ graceSeconds: 0 })
    const { client, refreshToken } = await signInWithRefreshToken(server)
    const thief = await register(server)
    expect(await presentation(server, thief, refreshToken)).toBe('invalid_grant')
    expect(await presentation(server, client, refreshToken)).toBe('ok')
  })

  test('refused refresh: an unknown token', { tags: ['A-05'] }, async () => {
    await using server = await startServer()
    const client = await register(server)
    expect(await presentation(server, client, 'never-issued')).toBe('invalid_grant')
    expect(await presentation(server, client, '')).toBe('invalid_request')
  })
})

describe('lifetimes', () => {
  test(
    'lifetimes: idle expiry is stored for each token, absolute expiry for the family',
    { tags: ['A-07'] },
    async () => {
      using folder = temporaryFolder()
      const databasePath = folder.file('as.db')
      await using server = await startServer({
        databasePath,
        refreshTokenIdleSeconds: 100,
        refreshTokenLifetimeSeconds: 150,
      })
      const { client, refreshToken } = await signInWithRefreshToken(server)
      // Age the family, so that the idle expiry would exceed the absolute one.
      const database = new DatabaseSync(databasePath)
      database.exec('UPDATE refresh_tokens SET family_expires_at = family_expires_at - 100')
      const { family_expires_at: end } =
        database.prepare('SELECT family_expires_at FROM refresh_tokens').get() ?? {}
      await refresh(server, client, refreshToken)
      expect(
        database
          .prepare(
            'SELECT expires_at, family_expires_at FROM refresh_tokens WHERE superseded_at IS NULL',
          )
          .get(),
      ).toEqual({ expires_at: end, family_expires_at: end })
      database.close()
    },
  )

  test('lifetimes: an expired token is refused', { tags: ['A-07'] }, async () => {
    using folder = temporaryFolder()
    const databasePath = folder.file('as.db')
    await using server = await startServer({ databasePath })
    const { client, refreshToken } = await signInWithRefreshToken(server)
    const database = new DatabaseSync(databasePath)
    database.exec('UPDATE refresh_tokens SET expires_at = unixepoch() - 1')
    database.close()
    expect(await presentation(server, client, refreshToken)).toBe('invalid_grant')
  })
})

describe('revocation', () => {
  test('revocation: of the live token ends the grant', { tags: ['A-11'] }, async () => {
    await using server = await startServer()
    const { client, refreshToken } = await signInWithRefreshToken(server)
    const { client_id } = client
    const { status } = await post(server, '/token/revocation', { client_id, token: refreshToken })
    expect(status).toBe(200)
    expect(await presentation(server, client, refreshToken)).toBe('invalid_grant')
  })

  test('revocation: of a superseded token ends the grant', { tags: ['A-11'] }, async () => {
    await using server = await startServer()
    const { client, refreshToken } = await signInWithRefreshToken(server)
    const next = await refresh(server, client, refreshToken)
    const { client_id } = client
    await post(server, '/token/revocation', { client_id, token: refreshToken })
    expect(await presentation(server, client, next.refresh_token)).toBe('invalid_grant')
    expect(await presentation(server, client, refreshToken)).toBe('invalid_grant')
  })

  test('revocation: another client cannot revoke a token', { tags: ['A-11'] }, async () => {
    await using server = await startServer()
    const { client, refreshToken } = await signInWithRefreshToken(server)
    const { client_id } = await register(server)
    await post(server, '/token/revocation', { client_id, token: refreshToken })
    expect(await presentation(server, client, refreshToken)).toBe('ok')
  })

  test('introspection: only the newest token is active', { tags: ['A-06', 'A-11'] }, async () => {
    await using server = await startServer()
    const { client, refreshToken } = await signInWithRefreshToken(server)
    const next = await refresh(server, client, refreshToken)
    const active = async (token: string) => {
      const { client_id } = client
      return (await post(server, '/token/introspection', { client_id, token })).body['active']
    }
    expect(await active(refreshToken)).toBe(false)
    expect(await active(next.refresh_token)).toBe(true)
  })
})

test('codes: redeeming one twice ends its grant', { tags: ['A-05'] }, async () => {
  await using server = await startServer()
  const client = await register(server)
  const authorization = await authorizationRequest(server, client)
  const answer = await answerOf(authorization)
  const form = {
    grant_type: 'authorization_code',
    client_id: client.client_id,
    code: answer.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: authorization.verifier,
  }
  const first = await post(server, '/token', form)
  expect(first.status).toBe(200)
  expect(await post(server, '/token', form)).toMatchObject({
    status: 400,
    body: { error: 'invalid_grant' },
  })
  const refreshToken: unknown = first.body['refresh_token']
  expect(typeof refreshToken).toBe('string')
  expect(await presentation(server, client, String(refreshToken))).toBe('invalid_grant')
})
