import { ProtocolError } from '@evergrant/core'
import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import { authorizedFetch } from '../../src/fetch.ts'
import { createSession, findSignIn, retryRevocations } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { scene } from '../support/signed-in-session.ts'

describe('one sign-in, and nobody is asked again', () => {
  test(
    'over many expiries, callers and sessions there is one sign-in and one refresh for each expiry',
    { tags: ['C-01', 'C-02', 'C-51', 'C-55'] },
    async () => {
      await using it = await scene()
      const fetches = Array.from({ length: 4 }, () => authorizedFetch(it.session()))
      for (let expiry = 0; expiry <= 10; expiry += 1) {
        const responses = await Promise.all(
          fetches.flatMap((fetch) => Array.from({ length: 8 }, () => fetch(it.server.resource))),
        )
        expect(responses.map((response) => response.status)).toEqual(Array(32).fill(200))
        expect(it.signIns()).toBe(1)
        expect(it.as.refreshRequests()).toBe(expiry)
        it.clock.advanceSeconds(1000)
      }
      const register = it.as.requests.find(({ endpoint }) => endpoint === 'register')
      expect(register?.json).toMatchObject({
        grant_types: expect.arrayContaining(['refresh_token']),
        application_type: 'native',
      })
      const authorize = it.as.requests.find(({ endpoint }) => endpoint === 'authorize')
      expect(authorize?.query['scope']).toBe('mcp:read offline_access')
    },
  )

  test(
    'a call before any sign-in goes out without token, and the challenge decides what is asked for',
    { tags: ['C-20', 'C-21', 'C-34', 'C-36'] },
    async () => {
      await using it = await scene({ server: { scopeByPath: { '/mcp': 'mcp:write' } } })
      const response = await authorizedFetch(it.session())(it.server.resource)
      expect(response.status).toBe(200)
      const authorize = it.as.requests.find(({ endpoint }) => endpoint === 'authorize')
      expect(authorize?.query).toMatchObject({
        scope: 'mcp:write offline_access',
        resource: it.server.resource,
        code_challenge_method: 'S256',
        state: expect.stringMatching(/^.{40,}$/),
      })
      const token = it.as.requests.find(({ endpoint }) => endpoint === 'token')
      expect(token?.form).toMatchObject({ resource: it.server.resource })
      expect(token?.form['scope']).toBeUndefined()
    },
  )

  test(
    'offline_access is not asked for where the server does not list it, even if the resource does',
    { tags: ['C-04', 'C-05'] },
    async () => {
      await using it = await scene({
        as: { scopesSupported: ['mcp:read'], issueRefreshTokens: 'never' },
        server: { scopesSupported: ['mcp:read', 'offline_access'] },
      })
      const session = it.session()
      const result = await session.signIn()
      expect(result).toMatchObject({ refreshToken: 'not-issued', scope: 'mcp:read' })
      expect(result.decision?.warnings).toContainEqual(
        expect.objectContaining({ requirement: 'S-02' }),
      )
      expect(result.noRefreshTokenReason).toContain('does not list offline_access')
      it.clock.advanceSeconds(1000)
      await expect(session.getAccessToken()).rejects.toMatchObject({
        code: 'SIGN_IN_REQUIRED',
        signInReason: 'no-refresh-token',
        message: expect.stringContaining('does not list offline_access'),
      })
    },
  )

  test(
    'a server that lists offline_access and refuses it to this client is asked once more without',
    { tags: ['C-05'] },
    async () => {
      await using it = await scene()
      it.as.faults.authorize.push({ kind: 'oauth-error', error: 'invalid_scope' })
      const result = await it.session().signIn()
      expect(result.outcome).toBe('signed-in')
      const scopes = it.as.requests
        .filter(({ endpoint }) => endpoint === 'authorize')
        .map(({ query }) => query['scope'])
      expect(scopes).toEqual(['mcp:read offline_access', 'mcp:read'])
    },
  )
})

describe('step-up', () => {
  test(
    'asks for the union, keeps offline_access and the refresh token, and repeats the call',
    { tags: ['C-08', 'C-22', 'C-24'] },
    async () => {
      await using it = await scene({ server: { scopeByPath: { '/mcp/write': 'mcp:write' } } })
      const session = it.session()
      const fetch = authorizedFetch(session)
      expect((await fetch(it.server.resource)).status).toBe(200)
      const response = await fetch(`${it.server.resource}/write`, { method: 'POST', body: '{}' })
      expect(response.status).toBe(200)
      const scopes = it.as.requests
        .filter(({ endpoint }) => endpoint === 'authorize')
        .map(({ query }) => query['scope'])
      expect(scopes).toEqual(['mcp:read offline_access', 'mcp:read offline_access mcp:write'])
      expect(await session.status()).toMatchObject({ state: 'active', hasRefreshToken: true })
      expect(it.signIns()).toBe(2)
      expect(it.as.refreshRequests()).toBe(0)
    },
  )

  test('ends after a few attempts, with words', { tags: ['C-23'] }, async () => {
    await using it = await scene({
      as: { scopesSupported: ['mcp:read', 'offline_access'] },
      server: { scopeByPath: { '/mcp/admin': 'mcp:admin' } },
    })
    const fetch = authorizedFetch(it.session())
    await fetch(it.server.resource)
    await expect(fetch(`${it.server.resource}/admin`)).rejects.toMatchObject({
      code: 'RESOURCE_REFUSED',
    })
    expect(it.signIns()).toBeLessThanOrEqual(3)
  })

  test('of many callers at once is one sign-in', { tags: ['C-23', 'C-51'] }, async () => {
    await using it = await scene({ server: { scopeByPath: { '/mcp/write': 'mcp:write' } } })
    const fetches = [authorizedFetch(it.session()), authorizedFetch(it.session())]
    await fetches[0]?.(it.server.resource)
    const responses = await Promise.all(
      fetches.flatMap((fetch) =>
        Array.from({ length: 8 }, () => fetch(`${it.server.resource}/write`)),
      ),
    )
    expect(responses.map((response) => response.status)).toEqual(Array(16).fill(200))
    expect(it.signIns()).toBe(2)
  })
})

test(
  'where nobody can sign in, the error names the reason and the scope to sign in for',
  { tags: ['C-21', 'C-23', 'C-24'] },
  async () => {
    await using it = await scene({ server: { scopeByPath: { '/mcp/write': 'mcp:write' } } })
    await it.session().signIn()
    const fetch = authorizedFetch(it.session({ signIn: { kind: 'none' } }))
    expect((await fetch(it.server.resource)).status).toBe(200)
    await expect(fetch(`${it.server.resource}/write`)).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      signInReason: 'wider-scope-needed',
      requiredScope: 'mcp:write',
    })
    expect(it.as.refreshRequests()).toBe(0)
    expect(it.signIns()).toBe(1)
  },
)

test.each([
  ['garbage', '=;,,"\\'],
  ['nothing', ''],
  ['another scheme alone', 'Basic realm="intranet"'],
  ['a quote that never ends', 'Bearer scope="mcp:read'],
  ['metadata on a web page that is not one', 'Bearer resource_metadata="not a url"'],
])(
  'a 401 with %s as its challenge is signed in for by the well-known places',
  { tags: ['C-30', 'C-20'] },
  async (_what, unauthorizedChallenge) => {
    await using it = await scene({ server: { unauthorizedChallenge } })
    const response = await authorizedFetch(it.session())(it.server.resource)
    expect(response.status).toBe(200)
    expect(it.signIns()).toBe(1)
  },
)

test.each([
  ['names no scope', 'Bearer error="insufficient_scope"'],
  ['names a scope that was granted', 'Bearer error="insufficient_scope", scope="mcp:read"'],
])(
  'a resource that refuses a good token for lack of scope and %s has the person asked, and no refresh spent',
  { tags: ['C-22', 'C-23', 'C-24'] },
  async (_what, challenge) => {
    await using it = await scene()
    await it.session().signIn()
    const refusing: typeof globalThis.fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (response.status !== 200) return response
      await response.body?.cancel()
      return new Response('', { status: 403, headers: { 'www-authenticate': challenge } })
    }
    const send = authorizedFetch(it.session(), { fetch: refusing, maximumStepUps: 2 })
    await expect(send(it.server.resource)).rejects.toMatchObject({ code: 'RESOURCE_REFUSED' })
    expect(it.signIns()).toBeLessThanOrEqual(3)
    expect(it.as.refreshRequests()).toBe(0)
  },
)

test(
  'a sign-in that cannot be saved revokes what it brought, and says what to do',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene()
    let full = false
    const session = it.session({
      store: {
        ...it.store,
        write: (name, ...rest) =>
          full && name.kind === 'grant'
            ? Promise.reject(new Error('ENOSPC'))
            : it.store.write(name, ...rest),
      },
      clock: { ...it.clock, sleep: async () => undefined },
    })
    full = true
    await expect(session.signIn()).rejects.toMatchObject({
      code: 'TOKEN_STORE_WRITE_FAILED',
      message: expect.stringContaining('sign in again'),
    })
    expect(it.as.isGrantAlive()).toBe(false)
    full = false
    await session.signIn()
    expect((await session.status()).state).toBe('active')
  },
)

test.each(['http://mcp.test/mcp', 'http://10.0.0.1/mcp', 'ws://mcp.test/mcp'])(
  'a session with %s would carry tokens in the clear: it is never opened',
  { tags: ['C-06'] },
  (url) => {
    const options = { store: memoryStore(), client: { name: 'A client' } }
    expect(() => createSession(url, options)).toThrow(ProtocolError)
  },
)

test('a store that cannot be written is noticed before anybody is asked', async () => {
  await using it = await scene()
  const write = () => Promise.reject(new Error('EROFS'))
  const session = it.session({ store: { ...it.store, write } })
  await expect(session.signIn()).rejects.toMatchObject({ code: 'TOKEN_STORE_WRITE_FAILED' })
  expect(it.signIns()).toBe(0)
})

test('a sign-in that is asked for anew asks the person, whatever is stored', async () => {
  await using it = await scene()
  const session = it.session()
  await session.signIn()
  const challenge = { scheme: 'Bearer', scope: ['mcp:read'] } as const
  expect(await session.signIn({ challenge })).toMatchObject({ outcome: 'adopted' })
  expect(await session.signIn({ challenge, anew: true })).toMatchObject({ outcome: 'signed-in' })
  expect(it.signIns()).toBe(2)
})

describe('the response to a 401', () => {
  test(
    'a token rejected before its time is refreshed, not signed in for',
    { tags: ['C-54'] },
    async () => {
      await using it = await scene()
      const session = it.session()
      const fetch = authorizedFetch(session)
      await fetch(it.server.resource)
      it.server.rejectToken((await session.getAccessToken()).value)
      expect((await fetch(it.server.resource)).status).toBe(200)
      expect(it.signIns()).toBe(1)
      expect(it.as.refreshRequests()).toBe(1)
    },
  )

  test('an ended grant leads to one new sign-in, whoever notices', { tags: ['C-53'] }, async () => {
    await using it = await scene()
    const fetches = [authorizedFetch(it.session()), authorizedFetch(it.session())]
    await fetches[0]?.(it.server.resource)
    it.as.revokeGrant()
    it.clock.advanceSeconds(1000)
    const responses = await Promise.all(
      fetches.flatMap((fetch) => Array.from({ length: 8 }, () => fetch(it.server.resource))),
    )
    expect(responses.map((response) => response.status)).toEqual(Array(16).fill(200))
    expect(it.signIns()).toBe(2)
  })

  test(
    'a resource that rejects every token is reported, not signed in for again and again',
    { tags: ['C-54'] },
    async () => {
      await using it = await scene()
      const fetch = authorizedFetch(it.session())
      it.server.faults.resource.push(
        ...Array.from({ length: 9 }, () => ({ kind: 'status', status: 401 }) as const),
      )
      await expect(fetch(it.server.resource)).rejects.toMatchObject({ code: 'RESOURCE_REFUSED' })
      expect(it.signIns()).toBe(1)
      expect(it.as.refreshRequests()).toBe(1)
    },
  )

  test(
    'a token by another issuer’s name is for the resource to reject, and goes nowhere else',
    { tags: ['C-39', 'C-54'] },
    async () => {
      await using it = await scene()
      await using other = await startScriptedAuthorizationServer({ clock: it.clock })
      const foreign: string[] = []
      for (let issued = 0; issued < 2; issued += 1) {
        const token = await other.signAccessToken({
          scope: 'mcp:read',
          resource: it.server.resource,
        })
        foreign.push(token)
        it.as.faults.token.push({
          kind: 'merge',
          fields: { access_token: token, iss: other.issuer },
        })
      }
      await expect(authorizedFetch(it.session())(it.server.resource)).rejects.toMatchObject({
        code: 'RESOURCE_REFUSED',
      })
      const shown = it.server.requests.flatMap(({ headers }) => headers.authorization ?? [])
      expect(shown).toEqual(foreign.map((token) => `Bearer ${token}`))
      expect(it.signIns()).toBe(1)
      expect(it.as.refreshRequests()).toBe(1)
      expect(other.requests).toEqual([])
    },
  )

  test.each([500, 502, 504])(
    'a %i may come after the server has rotated: asked again at once, and explained where that is too late',
    { tags: ['C-52', 'C-53'] },
    async (status) => {
      const lost = { kind: 'status', status, afterCommit: true } as const
      await using forgiving = await scene({ as: { graceSeconds: 60 } })
      const kept = forgiving.session()
      await kept.signIn()
      forgiving.clock.advanceSeconds(1000)
      forgiving.as.faults.token.push(lost)
      const call = kept.getAccessToken()
      await forgiving.clock.untilSleeping()
      forgiving.clock.advanceSeconds(1)
      expect((await call).value).toBeTypeOf('string')

      await using strict = await scene({ as: { graceSeconds: 0 } })
      const session = strict.session()
      await session.signIn()
      strict.clock.advanceSeconds(1000)
      strict.as.faults.token.push(lost)
      const refused = session.getAccessToken()
      refused.catch(() => undefined)
      await strict.clock.untilSleeping()
      strict.clock.advanceSeconds(1)
      await expect(refused).rejects.toMatchObject({ signInReason: 'lost-response' })
    },
  )

  test('a 503 of the token endpoint opens no sign-in', { tags: ['C-53'] }, async () => {
    await using it = await scene()
    const fetch = authorizedFetch(it.session({ refresh: { maximumWaitSeconds: 0 } }))
    await fetch(it.server.resource)
    it.clock.advanceSeconds(1000)
    it.as.faults.token.push({ kind: 'status', status: 503 })
    await expect(fetch(it.server.resource)).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
    it.clock.advanceSeconds(10)
    expect((await fetch(it.server.resource)).status).toBe(200)
    expect(it.signIns()).toBe(1)
  })

  test(
    'the token goes to the session’s server and to nobody else',
    { tags: ['C-39'] },
    async () => {
      await using it = await scene()
      await using stranger = await scene()
      const fetch = authorizedFetch(it.session())
      await fetch(it.server.resource)
      const response = await fetch(stranger.server.resource)
      expect(response.status).toBe(401)
      expect(stranger.server.requests.map(({ headers }) => headers.authorization)).toEqual([
        undefined,
      ])
    },
  )
})

describe('the redirect form', () => {
  test(
    'ends the call with an authorization URL, and any session over the store finishes it, once',
    { tags: ['C-35', 'C-36', 'C-39'] },
    async () => {
      await using it = await scene()
      const redirect = { kind: 'redirect', redirectUri: 'https://app.test/callback' } as const
      const here = it.session({ signIn: redirect })
      const required = await authorizedFetch(here)(it.server.resource).catch(
        (error: unknown) => error as { code: string; authorizationUrl: string },
      )
      expect(required).toMatchObject({ code: 'SIGN_IN_REQUIRED', signInReason: 'never-signed-in' })
      if (!('authorizationUrl' in required)) throw new Error('there is no authorization URL')
      await expect(here.signIn()).rejects.toMatchObject({
        authorizationUrl: required.authorizationUrl,
      })

      const answer = await fetch(required.authorizationUrl, { redirect: 'manual' })
      const callbackUrl = answer.headers.get('location') ?? ''
      expect(await findSignIn(it.store, callbackUrl)).toEqual({
        serverUrl: here.serverUrl,
        partition: 'default',
      })
      const somebodyElse = it.session({ signIn: redirect, partition: 'somebody-else' })
      await expect(somebodyElse.completeSignIn(callbackUrl)).rejects.toMatchObject({
        code: 'AUTHORIZATION_RESPONSE_INVALID',
      })
      const there = it.session({ signIn: redirect })
      expect(await there.completeSignIn(callbackUrl)).toMatchObject({ refreshToken: 'issued' })
      await expect(there.completeSignIn(callbackUrl)).rejects.toMatchObject({
        code: 'AUTHORIZATION_RESPONSE_INVALID',
      })
      expect((await authorizedFetch(here)(it.server.resource)).status).toBe(200)
    },
  )

  test(
    'an answer that names another issuer is not used, nor its error shown',
    { tags: ['C-35'] },
    async () => {
      await using it = await scene()
      const redirect = { kind: 'redirect', redirectUri: 'https://app.test/callback' } as const
      const session = it.session({ signIn: redirect })
      const required = await session
        .signIn()
        .catch((error: unknown) => error as { authorizationUrl: string })
      if (!('authorizationUrl' in required)) throw new Error('there is no authorization URL')
      const state = new URL(required.authorizationUrl).searchParams.get('state') ?? ''
      const callbackUrl = new URL('https://app.test/callback')
      callbackUrl.search = new URLSearchParams({
        state,
        iss: 'https://evil.test',
        error: 'access_denied',
        error_description: 'call 555-1234 to continue',
      }).toString()
      const refusal = await session
        .completeSignIn(callbackUrl.href)
        .catch((error: unknown) => String(error))
      expect(refusal).toContain('comes from another server')
      expect(refusal).not.toContain('555-1234')
      expect(it.as.count('token')).toBe(0)
    },
  )
})

describe('signing out', () => {
  test('revokes the grant and forgets it', { tags: ['C-57'] }, async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    expect(await session.signOut()).toEqual({ revocation: 'revoked' })
    expect(it.as.isGrantAlive()).toBe(false)
    expect(await session.status()).toMatchObject({ state: 'signed-out' })
    await expect(session.getAccessToken()).rejects.toMatchObject({ signInReason: 'signed-out' })
  })

  test(
    'while another process refreshes revokes what it gets, and what it had',
    { tags: ['C-57'] },
    async () => {
      await using it = await scene()
      await it.session().signIn()
      const answer = Promise.withResolvers<void>()
      const refreshing = it.session()
      it.clock.advanceSeconds(1000)
      it.as.faults.token.push({ kind: 'slow-body', until: answer.promise })
      const refreshed = refreshing.getAccessToken()
      refreshed.catch(() => undefined)
      await expect.poll(() => it.as.count('token', 'refreshed')).toBe(1)

      await it.session().signOut()
      const revokedBefore = it.as.count('revoke')
      answer.resolve()
      await expect(refreshed).rejects.toMatchObject({ signInReason: 'signed-out' })
      expect(it.as.count('revoke')).toBe(revokedBefore + 1)
      expect(it.as.isGrantAlive()).toBe(false)
    },
  )

  test('with the server away forgets at once, and revokes later', { tags: ['C-57'] }, async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    it.as.faults.revoke.push({ kind: 'reset' }, { kind: 'status', status: 503 })
    expect(await session.signOut()).toEqual({ revocation: 'pending' })
    expect(await session.status()).toMatchObject({ state: 'signed-out' })
    expect(it.as.isGrantAlive()).toBe(true)
    expect(await retryRevocations(it.store, { clock: it.clock })).toEqual({
      settled: 0,
      pending: 1,
    })
    expect(await retryRevocations(it.store, { clock: it.clock })).toEqual({
      settled: 1,
      pending: 0,
    })
    expect(it.as.isGrantAlive()).toBe(false)
  })

  test.each([
    ['a captive portal', { kind: 'html', status: 403 }],
    ['a proxy that does not know the path', { kind: 'status', status: 404 }],
    ['a redirect', { kind: 'redirect', location: '/login' }],
  ] as const)(
    'with %s in the way is caught up on, for nobody refused',
    { tags: ['C-57'] },
    async (_, fault) => {
      await using it = await scene()
      const session = it.session()
      await session.signIn()
      it.as.faults.revoke.push(fault)
      expect(await session.signOut()).toEqual({ revocation: 'pending' })
      expect(await retryRevocations(it.store, { clock: it.clock })).toEqual({
        settled: 1,
        pending: 0,
      })
      expect(it.as.isGrantAlive()).toBe(false)
    },
  )

  test('that the server refuses is not asked for again', { tags: ['C-57'] }, async () => {
    await using it = await scene()
    const session = it.session()
    await session.signIn()
    it.as.faults.revoke.push({ kind: 'oauth-error', error: 'unsupported_token_type' })
    expect(await session.signOut()).toEqual({ revocation: 'refused' })
    expect(await retryRevocations(it.store, { clock: it.clock })).toEqual({
      settled: 0,
      pending: 0,
    })
  })
})
