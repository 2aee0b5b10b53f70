import { inspect } from 'node:util'
import { negotiateScope, selectProviderProfile, standardProfile } from '@evergrant/core'
import type { ProviderProfile } from '@evergrant/core'
import { createCanaries, startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import type { Fault } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import { EvergrantClientError } from '../../src/index.ts'
import { beginAuthorization, completeAuthorization } from '../../src/protocol/authorization.ts'
import type {
  AuthorizationRequestInput,
  PendingAuthorization,
} from '../../src/protocol/authorization.ts'
import { discoverAuthorizationServer } from '../../src/protocol/discovery.ts'
import { registerClient } from '../../src/protocol/registration.ts'
import type { TokenRequestOptions } from '../../src/protocol/token-requests.ts'
import { refreshRequest, revokeToken } from '../../src/protocol/token-requests.ts'

const redirectUri = 'http://127.0.0.1:4711/callback'
const resource = 'https://mcp.test/mcp'

async function scene(
  metadata: Readonly<Record<string, unknown>> = {},
  profile: ProviderProfile = standardProfile,
) {
  const clock = virtualClock()
  const as = await startScriptedAuthorizationServer({ accessTokenLifetimeSeconds: 60 })
  as.overrideMetadata(metadata)
  const { metadata: authorizationServer } = await discoverAuthorizationServer(as.issuer)
  const registration = await registerClient(authorizationServer, { name: 'App' }, redirectUri)
  const options: TokenRequestOptions = { authorizationServer, registration, profile, clock }
  const begin = (input: Partial<AuthorizationRequestInput> = {}) =>
    beginAuthorization({
      authorizationServer,
      registration,
      redirectUri,
      resource,
      scope: negotiateScope({ challengeScope: 'mcp:read', authorizationServer, profile }),
      profile,
      nowEpochSeconds: clock.nowEpochSeconds(),
      ...input,
    })
  return {
    as,
    clock,
    options,
    begin,
    /** Visits the authorization page, which approves by itself, and returns the callback URL. */
    async visit(authorizationUrl: string): Promise<URL> {
      const response = await fetch(authorizationUrl, { redirect: 'manual' })
      return new URL(response.headers.get('location') ?? '')
    },
    complete: (callbackUrl: URL | string, pending: PendingAuthorization) =>
      completeAuthorization(String(callbackUrl), pending, options),
    lastForm: () => as.requests.findLast((request) => request.endpoint === 'token')?.form,
    [Symbol.asyncDispose]: () => as.close(),
  }
}

/** An answer of this status with a JSON body. */
function jsonStatus(status: number, body: string): Fault {
  return { kind: 'status', status, headers: { 'content-type': 'application/json' }, body }
}

type Scene = Awaited<ReturnType<typeof scene>>

async function signIn(it: Scene) {
  const { authorizationUrl, pending } = await it.begin()
  return await it.complete(await it.visit(authorizationUrl), pending)
}

function grantOf(it: Scene, refreshToken: string, scope: string | undefined = 'mcp:read') {
  return {
    identity: {
      partition: 'default',
      issuer: it.as.issuer,
      resource,
      clientId: it.options.registration.clientId,
    },
    state: 'active',
    tokenSet: {
      accessToken: 'at',
      tokenType: 'Bearer',
      expiresAtEpochSeconds: undefined,
      issuedAtEpochSeconds: 0,
      refreshToken,
      scope,
    },
  } as const
}

describe('the authorization request', () => {
  test(
    'carries PKCE, state, resource and the decided scope',
    { tags: ['C-02', 'C-33', 'C-34', 'C-36'] },
    async () => {
      await using it = await scene()
      const { authorizationUrl, pending, warnings } = await it.begin()
      const { searchParams } = new URL(authorizationUrl)
      expect(Object.fromEntries(searchParams)).toEqual({
        response_type: 'code',
        client_id: it.options.registration.clientId,
        redirect_uri: redirectUri,
        state: pending.state,
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge_method: 'S256',
        resource,
        scope: 'mcp:read offline_access',
      })
      expect(authorizationUrl).not.toContain(pending.codeVerifier)
      expect(pending.state.length).toBeGreaterThanOrEqual(43)
      expect(warnings).toEqual([])
      expect(JSON.parse(JSON.stringify(pending))).toEqual(pending)
    },
  )

  test('never repeats state or verifier', { tags: ['C-33', 'C-36'] }, async () => {
    await using it = await scene()
    const requests = await Promise.all(Array.from({ length: 50 }, () => it.begin()))
    const secrets = requests.flatMap(({ pending }) => [pending.state, pending.codeVerifier])
    expect(new Set(secrets).size).toBe(100)
  })

  test('asks an OpenID Provider for consent to offline access', { tags: ['C-07'] }, async () => {
    await using it = await scene({ scopes_supported: ['openid', 'mcp:read', 'offline_access'] })
    const { authorizationUrl } = await it.begin()
    expect(new URL(authorizationUrl).searchParams.get('prompt')).toBe('consent')
  })

  test('keeps what the endpoint’s own query says', { tags: ['C-33'] }, async () => {
    await using it = await scene({
      authorization_endpoint: 'https://auth.test/authorize?tenant=a&state=x&code_challenge=y',
    })
    const { authorizationUrl, pending } = await it.begin()
    const { searchParams } = new URL(authorizationUrl)
    expect(searchParams.get('tenant')).toBe('a')
    expect(searchParams.getAll('state')).toEqual([pending.state])
    expect(searchParams.getAll('code_challenge')).not.toContain('y')
  })

  test(
    'is refused without PKCE support, unless an option says otherwise',
    { tags: ['C-33'] },
    async () => {
      await using it = await scene({ code_challenge_methods_supported: undefined })
      await expect(it.begin()).rejects.toMatchObject({ code: 'PKCE_NOT_SUPPORTED' })
      const { authorizationUrl, warnings } = await it.begin({ assumePkceS256: true })
      expect(new URL(authorizationUrl).searchParams.get('code_challenge_method')).toBe('S256')
      expect(warnings).toHaveLength(1)
    },
  )

  test(
    'carries what a product needs, and reports what it leaves out',
    { tags: ['C-34'] },
    async () => {
      const entra = selectProviderProfile('https://login.microsoftonline.com/common/v2.0')
      const google = selectProviderProfile('https://accounts.google.com')
      await using it = await scene()
      const omitting = await it.begin({ profile: entra })
      expect(new URL(omitting.authorizationUrl).searchParams.has('resource')).toBe(false)
      expect(omitting.warnings).toHaveLength(1)
      const adding = await it.begin({ profile: google })
      expect(new URL(adding.authorizationUrl).searchParams.get('access_type')).toBe('offline')
    },
  )
})

describe('the authorization response', () => {
  test(
    'brings tokens: resource is sent with the code, and no scope',
    { tags: ['C-03', 'C-34'] },
    async () => {
      await using it = await scene()
      const { authorizationUrl, pending } = await it.begin()
      const { tokenSet, missingScopes } = await it.complete(
        await it.visit(authorizationUrl),
        pending,
      )
      expect(tokenSet).toMatchObject({
        tokenType: 'Bearer',
        issuedAtEpochSeconds: it.clock.nowEpochSeconds(),
        expiresAtEpochSeconds: it.clock.nowEpochSeconds() + 60,
        scope: 'mcp:read offline_access',
        refreshToken: expect.any(String),
      })
      expect(missingScopes).toEqual([])
      expect(it.lastForm()).toEqual({
        grant_type: 'authorization_code',
        code: expect.any(String),
        redirect_uri: redirectUri,
        code_verifier: pending.codeVerifier,
        client_id: it.options.registration.clientId,
        resource,
      })
    },
  )

  test('without a refresh token is a sign-in all the same', { tags: ['C-05'] }, async () => {
    await using it = await scene()
    it.as.faults.token.push({ kind: 'omit', fields: ['refresh_token', 'expires_in', 'scope'] })
    const { tokenSet } = await signIn(it)
    expect(tokenSet.refreshToken).toBeUndefined()
    expect(tokenSet.expiresAtEpochSeconds).toBeUndefined()
    expect(tokenSet.scope).toBe('mcp:read offline_access')
  })

  test('with less scope than asked for says what is missing', { tags: ['C-56'] }, async () => {
    await using it = await scene()
    it.as.faults.token.push({ kind: 'merge', fields: { scope: 'other' } })
    expect((await signIn(it)).missingScopes).toEqual(['mcp:read'])
  })

  test.each<[string, (callback: URL) => void]>([
    ['another issuer', (callback) => callback.searchParams.set('iss', 'https://evil.test')],
    ['no issuer, though promised', (callback) => callback.searchParams.delete('iss')],
    ['two issuers', (callback) => callback.searchParams.append('iss', 'https://evil.test')],
    [
      'the issuer with a slash',
      (callback) => callback.searchParams.set('iss', `${callback.searchParams.get('iss')}/`),
    ],
    ['another state', (callback) => callback.searchParams.set('state', 'x'.repeat(43))],
    ['no state', (callback) => callback.searchParams.delete('state')],
    ['two states', (callback) => callback.searchParams.append('state', 'x')],
    ['no code', (callback) => callback.searchParams.delete('code')],
    ['an empty code', (callback) => callback.searchParams.set('code', '')],
    ['two codes', (callback) => callback.searchParams.append('code', 'x')],
  ])('with %s is not acted on', { tags: ['C-35', 'C-36'] }, async (_, change) => {
    await using it = await scene()
    const { authorizationUrl, pending } = await it.begin()
    const callback = await it.visit(authorizationUrl)
    change(callback)
    await expect(it.complete(callback, pending)).rejects.toMatchObject({
      code: 'AUTHORIZATION_RESPONSE_INVALID',
    })
    expect(it.as.count('token')).toBe(0)
  })

  test('that names its issuer unasked is checked too', { tags: ['C-35'] }, async () => {
    await using it = await scene({ authorization_response_iss_parameter_supported: undefined })
    const { authorizationUrl, pending } = await it.begin()
    const callback = await it.visit(authorizationUrl)
    callback.searchParams.set('iss', 'https://evil.test')
    await expect(it.complete(callback, pending)).rejects.toMatchObject({
      code: 'AUTHORIZATION_RESPONSE_INVALID',
    })
    callback.searchParams.delete('iss')
    await expect(it.complete(callback, pending)).resolves.toMatchObject({ missingScopes: [] })
  })

  test('of somebody else shows nothing of its error', { tags: ['C-35'] }, async () => {
    await using it = await scene()
    const { pending } = await it.begin()
    const callback = new URL(redirectUri)
    callback.search = new URLSearchParams({
      state: pending.state,
      iss: 'https://evil.test',
      error: 'call_us',
      error_description: 'Your account is locked, call 555',
    }).toString()
    const error: unknown = await it.complete(callback, pending).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'AUTHORIZATION_RESPONSE_INVALID', oauthError: undefined })
    expect(String(error)).not.toMatch(/call_us|555/)
  })

  test('with an error says what it was and what to do', { tags: ['C-35'] }, async () => {
    await using it = await scene()
    it.as.faults.authorize.push({
      kind: 'oauth-error',
      error: 'access_denied',
      description: 'no\u001b[2J',
    })
    const { authorizationUrl, pending } = await it.begin()
    const error: unknown = await it
      .complete(await it.visit(authorizationUrl), pending)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'SIGN_IN_FAILED', oauthError: 'access_denied' })
    expect(String(error)).toContain('declined')
    expect(String(error)).not.toContain('\u001b')
  })

  test('that is no URL is refused without repeating it', { tags: ['C-06'] }, async () => {
    await using it = await scene()
    const { pending } = await it.begin()
    const error: unknown = await it
      .complete('code=canary-code', pending)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'AUTHORIZATION_RESPONSE_INVALID' })
    expect(String(error)).not.toContain('canary')
  })

  test(
    'matched with another server’s metadata is refused',
    { tags: ['C-35', 'C-39'] },
    async () => {
      await using it = await scene()
      const { authorizationUrl, pending } = await it.begin()
      const callback = await it.visit(authorizationUrl)
      await expect(
        it.complete(callback, { ...pending, issuer: 'https://other.test' }),
      ).rejects.toMatchObject({ code: 'AUTHORIZATION_RESPONSE_INVALID' })
      expect(it.as.count('token')).toBe(0)
    },
  )
})

describe('the code exchange', () => {
  test.each([
    ['invalid_grant', { kind: 'oauth-error', error: 'invalid_grant' }, 'TOKEN_REQUEST_REFUSED'],
    [
      'an error with status 200',
      { kind: 'status', status: 200, body: '{"error":"invalid_grant"}' },
      'TOKEN_REQUEST_REFUSED',
    ],
    ['an empty 400', { kind: 'empty-400' }, 'TOKEN_REQUEST_REFUSED'],
    ['a 503', { kind: 'status', status: 503 }, 'TEMPORARILY_UNAVAILABLE'],
    ['HTML', { kind: 'html' }, 'TEMPORARILY_UNAVAILABLE'],
    ['a redirect', { kind: 'redirect', location: 'https://evil.test/' }, 'TEMPORARILY_UNAVAILABLE'],
    ['16 MiB', { kind: 'huge' }, 'TEMPORARILY_UNAVAILABLE'],
    ['a reset', { kind: 'reset' }, 'TEMPORARILY_UNAVAILABLE'],
    ['no access token', { kind: 'omit', fields: ['access_token'] }, 'TOKEN_RESPONSE_INVALID'],
  ] as const)(
    'that ends in %s is told apart, and leaks no secret',
    { tags: ['C-06', 'C-53'] },
    async (_, fault, code) => {
      await using it = await scene()
      const canaries = createCanaries()
      const { authorizationUrl, pending } = await it.begin()
      const callback = await it.visit(authorizationUrl)
      canaries.watch('code', callback.searchParams.get('code') ?? '')
      canaries.watch('verifier', pending.codeVerifier)
      it.as.faults.token.push(fault)
      const error: unknown = await it.complete(callback, pending).catch((thrown: unknown) => thrown)
      expect(EvergrantClientError.is(error) && error.code).toBe(code)
      canaries.expectNoCanary([inspect(error, { depth: 9, showHidden: true })])
    },
  )

  test('authenticates as registered', { tags: ['C-39'] }, async () => {
    await using it = await scene()
    const { authorizationUrl, pending } = await it.begin()
    const callback = await it.visit(authorizationUrl)
    await completeAuthorization(callback.href, pending, {
      ...it.options,
      registration: {
        ...it.options.registration,
        clientSecret: 's:cret',
        tokenEndpointAuthMethod: 'client_secret_post',
      },
    })
    expect(it.lastForm()).toMatchObject({ client_secret: 's:cret' })
  })
})

describe('the refresh request', () => {
  test('carries resource and no scope', { tags: ['C-03', 'C-24', 'C-34'] }, async () => {
    await using it = await scene()
    const { tokenSet } = await signIn(it)
    const refreshToken = tokenSet.refreshToken ?? ''
    const result = await refreshRequest(grantOf(it, refreshToken), it.options)
    expect(result.kind).toBe('tokens')
    expect(it.lastForm()).toEqual({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: it.options.registration.clientId,
      resource,
    })
  })

  test(
    'repeats the granted scope, and no more, where a product wants it',
    { tags: ['C-03', 'C-24'] },
    async () => {
      await using it = await scene({}, { ...standardProfile, refreshScope: 'granted' })
      const { tokenSet } = await signIn(it)
      await refreshRequest(
        grantOf(it, tokenSet.refreshToken ?? '', 'mcp:read offline_access'),
        it.options,
      )
      expect(it.lastForm()).toMatchObject({ scope: 'mcp:read offline_access' })
    },
  )

  test.each([
    ['invalid_grant', { kind: 'oauth-error', error: 'invalid_grant' }, 'grant-ended', true],
    ['an empty 400', { kind: 'empty-400' }, 'grant-ended', true],
    [
      'invalid_client',
      { kind: 'oauth-error', error: 'invalid_client' },
      'registration-ended',
      true,
    ],
    ['invalid_target', { kind: 'oauth-error', error: 'invalid_target' }, 'request-refused', true],
    ['use_dpop_nonce', { kind: 'oauth-error', error: 'use_dpop_nonce' }, 'request-refused', true],
    [
      'an error with status 200',
      { kind: 'status', status: 200, body: '{"error":"invalid_grant"}' },
      'grant-ended',
      true,
    ],
    ['a 503', { kind: 'status', status: 503, headers: { 'retry-after': '9' } }, 'transient', true],
    ['HTML', { kind: 'html' }, 'transient', true],
    ['a redirect', { kind: 'redirect', location: 'https://evil.test/' }, 'transient', true],
    [
      'an unreadable token response',
      { kind: 'omit', fields: ['access_token'] },
      'transient',
      false,
    ],
    ['a status HTTP does not know', { kind: 'status', status: 999 }, 'transient', false],
    ['16 MiB', { kind: 'huge' }, 'transient', false],
    ['a hang', { kind: 'hang' }, 'transient', false],
    ['a dropped connection', { kind: 'drop-after-commit' }, 'transient', false],
  ] as const)(
    'that ends in %s is told apart',
    { tags: ['C-53'] },
    async (_, fault, outcome, answered) => {
      await using it = await scene()
      const { tokenSet } = await signIn(it)
      it.as.faults.token.push(fault)
      const canaries = createCanaries()
      canaries.watch('refresh token', tokenSet.refreshToken ?? '')
      const result = await refreshRequest(grantOf(it, tokenSet.refreshToken ?? ''), {
        ...it.options,
        requestTimeoutMilliseconds: 300,
      })
      expect(result).toMatchObject({ kind: 'failed', outcome, answered })
      canaries.expectNoCanary([inspect(result, { depth: 9, showHidden: true })])
    },
  )

  test('carries on what the server asked to wait', { tags: ['C-53'] }, async () => {
    await using it = await scene()
    it.as.faults.token.push({ kind: 'status', status: 429, headers: { 'retry-after': '9' } })
    expect(await refreshRequest(grantOf(it, 'rt'), it.options)).toMatchObject({
      retryAfterSeconds: 9,
    })
  })
})

describe('revocation', () => {
  test('ends the grant at the server', { tags: ['C-57'] }, async () => {
    await using it = await scene()
    const { tokenSet } = await signIn(it)
    expect(await revokeToken(tokenSet.refreshToken ?? '', 'refresh_token', it.options)).toEqual({
      outcome: 'revoked',
    })
    expect(it.as.isGrantAlive()).toBe(false)
    expect(it.as.requests.at(-1)?.form).toMatchObject({ token_type_hint: 'refresh_token' })
  })

  test('is not possible everywhere', { tags: ['C-57'] }, async () => {
    await using it = await scene({ revocation_endpoint: undefined })
    expect(await revokeToken('rt', 'refresh_token', it.options)).toEqual({
      outcome: 'not-supported',
    })
  })

  test.each([
    ['a 503', { kind: 'status', status: 503 }, 'unavailable'],
    ['a 408', { kind: 'status', status: 408 }, 'unavailable'],
    ['a 425', { kind: 'status', status: 425 }, 'unavailable'],
    ['a 429', { kind: 'status', status: 429 }, 'unavailable'],
    ['a 404', { kind: 'status', status: 404 }, 'unavailable'],
    ['a 405', { kind: 'status', status: 405 }, 'unavailable'],
    ['a 410', { kind: 'status', status: 410 }, 'unavailable'],
    ['an empty 400', { kind: 'empty-400' }, 'unavailable'],
    ['a 403 with JSON and no OAuth error', jsonStatus(403, '{"message":"no"}'), 'unavailable'],
    ['a redirect', { kind: 'redirect', location: '/elsewhere' }, 'unavailable'],
    ['HTML', { kind: 'html', status: 403 }, 'unavailable'],
    ['a 503 with an OAuth error', jsonStatus(503, '{"error":"invalid_request"}'), 'unavailable'],
    ['slow_down', { kind: 'oauth-error', error: 'slow_down' }, 'unavailable'],
    ['a reset', { kind: 'reset' }, 'unavailable'],
    ['a hang', { kind: 'hang' }, 'unavailable'],
    ['a refusal', { kind: 'oauth-error', error: 'unsupported_token_type' }, 'refused'],
    ['a refusal of the client', jsonStatus(401, '{"error":"invalid_client"}'), 'refused'],
    ['a 403 with an OAuth error', jsonStatus(403, '{"error":"access_denied"}'), 'refused'],
  ] as const)('that ends in %s is an outcome', { tags: ['C-57'] }, async (_, fault, outcome) => {
    await using it = await scene()
    it.as.faults.revoke.push(fault)
    expect(
      await revokeToken('rt', 'refresh_token', { ...it.options, requestTimeoutMilliseconds: 300 }),
    ).toMatchObject({ outcome })
  })
})
