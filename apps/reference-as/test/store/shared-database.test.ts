import { describe, expect, test } from 'vitest'
import { createBrowser } from '../browser.ts'
import { databases } from '../databases.ts'
import {
  answerOf,
  authorizationRequest,
  post,
  presentation,
  redeem,
  refresh,
  resource,
  signInWithRefreshToken,
  startServer,
} from '../support.ts'

describe.each(databases.filter(({ available }) => available))('$name', (kind) => {
  test(
    'shared database: two servers make one rotation and use one set of keys',
    { tags: ['A-05'] },
    async () => {
      await using database = await kind.open()
      await using one = await startServer({ databasePath: database.location })
      await using two = await startServer({ databasePath: database.location })
      const { client, refreshToken } = await signInWithRefreshToken(one)
      const answers = await Promise.all(
        Array.from(
          { length: 8 },
          async (_, index) => await refresh(index % 2 === 0 ? one : two, client, refreshToken),
        ),
      )
      expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1)
      expect(one.stats().refreshTokens.rotated + two.stats().refreshTokens.rotated).toBe(1)
      expect(await database.liveRefreshTokens()).toBe(1)
      const keys = await Promise.all(
        [one, two].map(async ({ issuer }) => await (await fetch(`${issuer}/jwks`)).text()),
      )
      expect(keys[0]).toBe(keys[1])
    },
  )

  test(
    'shared database: servers that start together create one set of keys',
    { tags: ['A-05'] },
    async () => {
      await using database = await kind.open()
      const servers = await Promise.all(
        Array.from(
          { length: 4 },
          async () => await startServer({ databasePath: database.location }),
        ),
      )
      const keys = await Promise.all(
        servers.map(async ({ issuer }) => await (await fetch(`${issuer}/jwks`)).text()),
      )
      expect(new Set(keys).size).toBe(1)
      const [first, ...others] = servers
      if (first === undefined) throw new Error('expected a server')
      const { client, refreshToken } = await signInWithRefreshToken(first)
      for (const server of others) {
        // Both derive the same successor, so they share its key.
        const [here, there] = await Promise.all(
          [first, server].map(async (one) => await refresh(one, client, refreshToken)),
        )
        expect(here?.refresh_token).toBe(there?.refresh_token)
      }
      await Promise.all(servers.map(async (server) => await server.close()))
    },
  )

  test(
    'shared database: reuse at one server ends the sign-in at the other',
    { tags: ['A-05', 'A-11'] },
    async () => {
      await using database = await kind.open()
      await using one = await startServer({ databasePath: database.location })
      await using two = await startServer({ databasePath: database.location })
      const { client, refreshToken: first } = await signInWithRefreshToken(one)
      const second = await refresh(two, client, first)
      const third = await refresh(one, client, second.refresh_token)
      expect(await presentation(two, client, first)).toBe('invalid_grant')
      expect(two.stats().refreshTokens.reuseDetected).toBe(1)
      for (const server of [one, two]) {
        expect(await presentation(server, client, third.refresh_token)).toBe('invalid_grant')
      }
      expect(await database.liveRefreshTokens()).toBe(0)
    },
  )

  test('shared database: two servers share their rate limits', { tags: ['A-08'] }, async () => {
    await using database = await kind.open()
    const options = { demo: false, resources: [resource], databasePath: database.location }
    await using one = await startServer(options)
    await using two = await startServer(options)
    const register = async ({ issuer }: { readonly issuer: string }) => {
      const response = await fetch(`${issuer}/reg`, { method: 'POST' })
      await response.text()
      return response.status
    }
    for (const _ of Array.from({ length: 30 })) {
      for (const server of [one, two]) expect(await register(server)).toBe(400)
    }
    for (const server of [one, two]) expect(await register(server)).toBe(429)
  })
})

describe.each(databases.filter(({ available }) => available))('$name', (kind) => {
  test(
    'shared database: no token, code, cookie or password is stored in the clear',
    { tags: ['A-05'] },
    async () => {
      await using database = await kind.open()
      const logs: string[] = []
      const server = await startServer({
        databasePath: database.location,
        log: (entry) => logs.push(JSON.stringify(entry)),
      })
      const { client, refreshToken, tokens } = await signInWithRefreshToken(server)
      const next = await refresh(server, client, refreshToken)
      const authorization = await authorizationRequest(server, client, {
        scope: 'openid offline_access',
        resource: undefined,
      })
      const answer = await answerOf(authorization)
      const opaque = await redeem(server, authorization, answer)
      const browser = createBrowser(server.issuer)
      await browser.visit((await authorizationRequest(server, client)).url)
      await presentation(server, client, 'a-token-that-was-not-issued')
      await server.close()

      const session = browser.cookies().filter((value) => value.length > 20)
      expect(session.length).toBeGreaterThan(0)
      const content = await database.content()
      expect(content).toContain(client.client_id)
      const canaries = [
        refreshToken,
        next.refresh_token,
        tokens.access_token,
        opaque.access_token,
        opaque.refresh_token ?? '',
        answer.searchParams.get('code') ?? '',
        authorization.verifier,
        'a-token-that-was-not-issued',
      ]
      expect(canaries.every((canary) => canary.length > 20)).toBe(true)
      for (const canary of [...canaries, ...session]) {
        expect(content.includes(canary)).toBe(false)
        expect(logs.join('').includes(canary)).toBe(false)
      }
    },
  )

  test(
    'shared database: when it refuses writes, the client gets server_error and loses nothing',
    { tags: ['A-06'] },
    async () => {
      await using database = await kind.open()
      await using server = await startServer({ databasePath: database.location })
      const { client, refreshToken } = await signInWithRefreshToken(server)
      await database.refuseWrites(true)
      const form = {
        grant_type: 'refresh_token',
        client_id: client.client_id,
        refresh_token: refreshToken,
      }
      const failed = await post(server, '/token', form)
      expect(failed.status).toBe(500)
      expect(Object.keys(failed.body)).toEqual(['error', 'error_description'])
      expect(failed.body['error']).toBe('server_error')
      expect(JSON.stringify(failed.body)).not.toContain('refused')
      expect(server.logs).toContainEqual(
        expect.objectContaining({ event: 'server_error', detail: 'writes are refused' }),
      )
      await database.refuseWrites(false)
      expect((await post(server, '/token', form)).status).toBe(200)
    },
  )
})
