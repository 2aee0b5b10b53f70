import type { Fault } from '@evergrant/test-kit'
import { explainDecision } from '@evergrant/core'
import { expect, test } from 'vitest'
import type { EvergrantClientError, Session } from '../../src/index.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

const redirect = { kind: 'redirect', redirectUri: 'https://app.test/callback' } as const
const openIdProvider = {
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
}

function oauthError(error: string, description?: string): Fault {
  return { kind: 'oauth-error', error, ...(description === undefined ? {} : { description }) }
}

async function failureOf(result: Promise<unknown>): Promise<EvergrantClientError> {
  return await result.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error as EvergrantClientError,
  )
}

/** The parameters of the last authorization request. */
function lastRequest(it: Scene): Readonly<Record<string, string>> {
  return it.as.requests.findLast(({ endpoint }) => endpoint === 'authorize')?.query ?? {}
}

function fallbacksOf(result: {
  readonly fallbacks?: readonly { readonly fallback: string }[]
}): readonly string[] {
  return (result.fallbacks ?? []).map(({ fallback }) => fallback)
}

/** Opens an authorization URL. The server approves, or answers with the next fault. */
async function callbackOf(authorizationUrl: string | undefined): Promise<string> {
  const answer = await fetch(authorizationUrl ?? '', { redirect: 'manual' })
  return answer.headers.get('location') ?? ''
}

async function urlOf(session: Session): Promise<string> {
  return (await failureOf(session.signIn())).authorizationUrl ?? ''
}

test.each([
  ['returns it', true],
  ['does not return it', false],
])(
  'registered scope: a server that registers a default scope and %s gets a client with the requested scope',
  { tags: ['C-43'] },
  async (_what, isReturned) => {
    await using it = await scene({
      as: { registeredScope: { default: 'openid', isReturned } },
    })
    const result = await it.session().signIn()
    expect(result).toMatchObject({ refreshToken: 'issued', scope: 'mcp:read offline_access' })
    expect(fallbacksOf(result)).toEqual(['register-with-scope'])
    const scopes = it.as.requests
      .filter(({ endpoint }) => endpoint === 'register')
      .map(({ json }) => Reflect.get(Object(json), 'scope'))
    expect(scopes).toEqual([undefined, 'mcp:read offline_access'])
    // A returned scope shows the gap before the page opens.
    expect(it.signIns()).toBe(isReturned ? 1 : 2)
    it.clock.advanceSeconds(2000)
    await it.session().signIn({ force: true })
    expect(it.as.count('register')).toBe(2)
  },
)

test(
  'registered scope: a step-up beyond it registers again without a failed page',
  { tags: ['C-22', 'C-43'] },
  async () => {
    await using it = await scene({
      as: { registeredScope: { default: 'mcp:read offline_access', isReturned: true } },
    })
    await it.session().signIn()
    const scope = ['mcp:write']
    const challenge = { scheme: 'Bearer', error: 'insufficient_scope', scope } as const
    const result = await it.session().signIn({ challenge })
    expect(result.scope).toBe('mcp:read offline_access mcp:write')
    expect(it.signIns()).toBe(2)
  },
)

test(
  'registered scope: if the server refuses to register scope, offline_access is dropped next',
  { tags: ['C-05', 'C-43'] },
  async () => {
    await using it = await scene({ as: { issueRefreshTokens: 'offline_access' } })
    it.as.faults.authorize.push(oauthError('invalid_scope'))
    it.as.faults.register.push(
      { kind: 'pass' },
      { kind: 'status', status: 403, body: 'not trusted' },
    )
    const result = await it.session().signIn()
    expect(fallbacksOf(result)).toEqual(['register-with-scope', 'without-offline-access'])
    expect(result.fallbacks?.[0]?.explanation).toContain('not trusted')
    expect(result.scope).toBe('mcp:read')
  },
)

test(
  'registered scope: nothing is dropped while the server cannot register a client',
  { tags: ['C-43', 'C-53'] },
  async () => {
    await using it = await scene()
    it.as.faults.authorize.push(oauthError('invalid_scope'))
    const headers = { 'retry-after': '30' }
    it.as.faults.register.push({ kind: 'pass' }, { kind: 'status', status: 429, headers })
    expect(await failureOf(it.session().signIn())).toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
      retryAfterSeconds: 30,
    })
    expect(lastRequest(it)['scope']).toContain('offline_access')
  },
)

test(
  'offline_access: the reason of a missing refresh token is the refusal',
  { tags: ['C-05', 'C-10'] },
  async () => {
    await using it = await scene({ as: { issueRefreshTokens: 'offline_access' } })
    const refusal = oauthError('invalid_scope', 'offline_access is not allowed')
    it.as.faults.authorize.push(refusal, refusal)
    const session = it.session()
    const result = await session.signIn()
    expect(result.noRefreshTokenReason).toContain('refused offline_access')
    expect(result.decision?.offlineAccess).toBe('refused')
    if (result.decision === undefined) throw new Error('there is no decision')
    const explained = explainDecision(result.decision).join('\n')
    expect(explained).toContain('offline_access is not allowed')
    expect(explained).not.toContain('does not want')
    expect((await session.status()).noRefreshTokenReason).toContain('refused offline_access')
  },
)

test.each([
  ['names another scope', 'The scope mcp:read is not allowed for this client', 'mcp:read'],
  ['quotes another scope', 'unknown scope "admin"', 'admin'],
])(
  'offline_access: is kept if the refusal %s',
  { tags: ['C-05'] },
  async (_what, description, scope) => {
    await using it = await scene({
      as: { scopesSupported: [scope, 'offline_access'] },
      server: { scopesSupported: [scope] },
    })
    const refusal = oauthError('invalid_scope', description)
    it.as.faults.authorize.push(refusal, refusal, refusal)
    const failure = await failureOf(it.session().signIn())
    expect(failure).toMatchObject({ code: 'SIGN_IN_FAILED', oauthError: 'invalid_scope' })
    expect(lastRequest(it)['scope']).toContain('offline_access')
  },
)

test(
  'offline_access: without it in the request, invalid_scope is not repeated',
  { tags: ['C-05'] },
  async () => {
    await using it = await scene({
      as: { scopesSupported: ['mcp:read'], clients: [{ clientId: 'by-hand' }] },
    })
    const preRegistered = { [it.as.issuer]: { clientId: 'by-hand' } }
    it.as.faults.authorize.push(oauthError('invalid_scope'))
    const session = it.session({ client: { name: 'by hand', preRegistered } })
    expect(await failureOf(session.signIn())).toMatchObject({ oauthError: 'invalid_scope' })
    expect(it.signIns()).toBe(1)
  },
)

test.each(['invalid_request', 'consent_required', 'interaction_required', 'bad_prompt'])(
  'prompt=consent: is left out of one further request if the server answers %s, and not sent again',
  { tags: ['C-07'] },
  async (error) => {
    await using it = await scene()
    it.as.overrideMetadata(openIdProvider)
    it.as.faults.authorize.push(oauthError(error))
    const result = await it.session().signIn()
    expect(fallbacksOf(result)).toEqual(['without-prompt'])
    expect(result.decision?.prompt.reason).toBe('refused')
    expect(lastRequest(it)['prompt']).toBeUndefined()
    expect(lastRequest(it)['scope']).toContain('offline_access')
    expect(it.signIns()).toBe(2)
    await it.session().signIn({ force: true })
    expect(lastRequest(it)['prompt']).toBeUndefined()
    expect(it.signIns()).toBe(3)
  },
)

test.each(['access_denied', 'temporarily_unavailable', 'invalid_target'])(
  'prompt=consent: %s is not about it',
  { tags: ['C-07'] },
  async (error) => {
    await using it = await scene()
    it.as.overrideMetadata(openIdProvider)
    it.as.faults.authorize.push(oauthError(error))
    expect(await failureOf(it.session().signIn())).toMatchObject({ oauthError: error })
    expect(it.signIns()).toBe(1)
  },
)

test(
  'fallbacks: are bounded if the server refuses everything, and the error lists them',
  { tags: ['C-05', 'C-07', 'C-41', 'C-43'] },
  async () => {
    await using it = await scene()
    it.as.overrideMetadata(openIdProvider)
    await it.session().signIn()
    const refusals = ['invalid_client', 'invalid_request', 'invalid_scope', 'invalid_scope']
    it.as.faults.authorize.push(
      ...refusals.map((error) => oauthError(error)),
      ...Array.from({ length: 9 }, () => oauthError('invalid_scope')),
    )
    const before = it.signIns()
    const failure = await failureOf(it.session().signIn({ force: true }))
    expect(failure.oauthError).toBe('invalid_scope')
    expect(failure.message).toContain('Before that:')
    expect(it.signIns() - before).toBeLessThanOrEqual(5)
    expect(it.as.count('register')).toBeLessThanOrEqual(3)
  },
)

test(
  'redirect form: the callback of a refused offline_access leads to a URL without it',
  { tags: ['C-05'] },
  async () => {
    await using it = await scene({ as: { issueRefreshTokens: 'offline_access' } })
    const session = it.session({ signIn: redirect })
    const first = await urlOf(session)
    const refusal = oauthError('invalid_scope')
    it.as.faults.authorize.push(refusal, refusal)
    const next = await failureOf(session.completeSignIn(await callbackOf(first)))
    expect(next.code).toBe('SIGN_IN_REQUIRED')
    expect(next.message).toContain('offline_access was left out')
    expect(new URL(next.authorizationUrl ?? '').searchParams.get('scope')).toBe('mcp:read')
    expect(it.events).toContainEqual(
      expect.objectContaining({ type: 'sign-in-fallback', fallback: 'without-offline-access' }),
    )
    // Another call joins the repeated sign-in.
    expect(await urlOf(it.session({ signIn: redirect }))).toBe(next.authorizationUrl)
    const result = await session.completeSignIn(await callbackOf(next.authorizationUrl))
    expect(fallbacksOf(result)).toEqual(['register-with-scope', 'without-offline-access'])
    expect(result.noRefreshTokenReason).toContain('refused offline_access')
    // The next sign-in starts without the fallbacks of this one.
    it.clock.advanceSeconds(2000)
    expect(new URL(await urlOf(session)).searchParams.get('scope')).toContain('offline_access')
  },
)

test.each(['unauthorized_client', 'invalid_client'])(
  'redirect form: the callback with %s leads to a URL of a new client',
  { tags: ['C-41'] },
  async (error) => {
    await using it = await scene({ as: { unknownClientAnswer: { redirectError: error } } })
    const session = it.session({ signIn: redirect })
    const registered = await session.completeSignIn(await callbackOf(await urlOf(session)))
    it.as.revokeGrant()
    it.as.forgetClient(registered.identity.clientId)
    // The check before the page gets no answer.
    it.as.faults.authorize.push({ kind: 'status', status: 503 })
    const challenge = {
      scheme: 'Bearer',
      error: 'insufficient_scope',
      scope: ['mcp:write'],
    } as const
    const first = await failureOf(session.signIn({ challenge }))
    const next = await failureOf(session.completeSignIn(await callbackOf(first.authorizationUrl)))
    expect(next).toMatchObject({ code: 'SIGN_IN_REQUIRED', requiredScope: 'mcp:write' })
    const url = new URL(next.authorizationUrl ?? '')
    expect(url.searchParams.get('client_id')).not.toBe(registered.identity.clientId)
    expect(url.searchParams.get('scope')).toContain('mcp:write')
    const result = await session.completeSignIn(await callbackOf(url.href))
    expect(result.identity.clientId).toBe(url.searchParams.get('client_id'))
    expect(it.as.count('register')).toBe(2)
  },
)

test(
  'redirect form: a second refusal of the client ends the sign-in with the words of the server',
  { tags: ['C-41'] },
  async () => {
    await using it = await scene()
    const session = it.session({ signIn: redirect })
    await session.completeSignIn(await callbackOf(await urlOf(session)))
    const refusal = oauthError('unauthorized_client', 'not on the list')
    // The check before the page gets no answer.
    it.as.faults.authorize.push({ kind: 'status', status: 503 }, refusal, refusal)
    const first = await failureOf(session.signIn({ force: true }))
    const next = await failureOf(session.completeSignIn(await callbackOf(first.authorizationUrl)))
    const last = await failureOf(session.completeSignIn(await callbackOf(next.authorizationUrl)))
    expect(last).toMatchObject({ code: 'SIGN_IN_FAILED', oauthError: 'unauthorized_client' })
    expect(last.message).toContain('not on the list')
    expect(it.as.count('register')).toBe(2)
  },
)

test(
  'redirect form: registerAgain replaces the unfinished sign-in',
  { tags: ['C-41'] },
  async () => {
    await using it = await scene()
    const session = it.session({ signIn: redirect })
    const first = new URL(await urlOf(session))
    const again = await failureOf(session.signIn({ registerAgain: true }))
    const second = new URL(again.authorizationUrl ?? '')
    expect(second.searchParams.get('client_id')).not.toBe(first.searchParams.get('client_id'))
    expect(await urlOf(session)).toBe(second.href)
  },
)

test(
  'invalid_target: the error of the code exchange names the resource and the option',
  { tags: ['C-34'] },
  async () => {
    await using it = await scene()
    it.as.faults.token.push(oauthError('invalid_target'))
    const failure = await failureOf(it.session().signIn())
    expect(failure).toMatchObject({ code: 'TOKEN_REQUEST_REFUSED', oauthError: 'invalid_target' })
    expect(failure.message).toContain(JSON.stringify(it.server.resource))
    expect(failure.message).toContain('acceptedResource')
    expect(failure.message).toContain(it.as.tokenEndpoint)
  },
)
