import type { Fault, ScriptedAuthorizationServerOptions } from '@evergrant/test-kit'
import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import type { EvergrantClientError, Session } from '../../src/index.ts'
import type { Scene } from '../support/signed-in-session.ts'
import { scene } from '../support/signed-in-session.ts'

type UnknownClientAnswer = NonNullable<ScriptedAuthorizationServerOptions['unknownClientAnswer']>

const json = { 'content-type': 'application/json' }
const html = { 'content-type': 'text/html' }

/** A session whose stored client was forgotten by the server. The grant has no refresh token. */
async function forgottenScene(
  unknownClientAnswer?: UnknownClientAnswer,
  options: ScriptedAuthorizationServerOptions = {},
): Promise<Scene & { readonly user: Session; readonly clientId: string }> {
  const it = await scene({
    as: {
      issueRefreshTokens: 'never',
      ...options,
      ...(unknownClientAnswer === undefined ? {} : { unknownClientAnswer }),
    },
  })
  const user = it.session()
  const { identity } = await user.signIn()
  it.as.forgetClient(identity.clientId)
  return { ...it, user, clientId: identity.clientId }
}

function registrations(it: Scene): readonly unknown[] {
  return it.events.filter(({ type }) => type === 'client-registered-again')
}

function statusFault(status: number, body: unknown): Fault {
  return { kind: 'status', status, headers: json, body: JSON.stringify(body) }
}

async function failureOf(result: Promise<unknown>): Promise<EvergrantClientError> {
  return await result.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error as EvergrantClientError,
  )
}

test.each<[string, UnknownClientAnswer]>([
  ['422 with JSON', { status: 422, headers: json, body: '{"error":"Unprocessable Entity"}' }],
  [
    'the words of the Python SDK',
    {
      status: 400,
      headers: json,
      body: '{"error":"invalid_request","error_description":"Client ID \'x\' not found"}',
    },
  ],
  ['an HTML page', { status: 400, headers: html, body: '<h1>We are sorry</h1>Client not found.' }],
  ['401 with HTML', { status: 401, headers: html, body: 'The OAuth client was not found.' }],
  [
    '404 with the JSON of a product',
    { status: 404, headers: json, body: '{"msg":"OAuth client not found"}' },
  ],
  ['plain text', { status: 403, body: 'Unknown client: abc' }],
  ['a redirect with unauthorized_client', { redirectError: 'unauthorized_client' }],
  ['a redirect with invalid_client', { redirectError: 'invalid_client' }],
  [
    'a redirect to its error page',
    {
      status: 302,
      headers: { location: '/error?error=invalid_client&error_description=no' },
      body: '',
    },
  ],
])(
  'forgotten client: registers again before the page opens if the server answers with %s',
  { tags: ['C-41'] },
  async (_what, answer) => {
    await using it = await forgottenScene(answer)
    it.clock.advanceSeconds(2000)
    const result = await it.user.signIn()
    expect(result.identity.clientId).not.toBe(it.clientId)
    expect(result.fallbacks).toMatchObject([{ fallback: 'register-again' }])
    expect(registrations(it)).toMatchObject([
      { reason: 'client-refused', clientId: result.identity.clientId },
    ])
    expect(it.as.count('register')).toBe(2)
    // The first page, and one page with the new client.
    expect(it.signIns()).toBe(2)
  },
)

test.each<[string, Fault]>([
  ['503', { kind: 'status', status: 503 }],
  ['429', { kind: 'status', status: 429 }],
  ['405', { kind: 'status', status: 405 }],
  ['a bot check', { kind: 'html', status: 403 }],
  ['a page', { kind: 'html' }],
  ['a reset', { kind: 'reset' }],
  ['16 MiB', { kind: 'huge' }],
  ['a missing path', { kind: 'status', status: 404, headers: html, body: '<h1>Not Found</h1>' }],
  ['login_required', statusFault(401, { error: 'login_required' })],
  ['access_denied in a redirect', { kind: 'oauth-error', error: 'access_denied' }],
])(
  'client check: %s says nothing about the client, and the page opens',
  { tags: ['C-41'] },
  async (_what, fault) => {
    await using it = await scene({ as: { issueRefreshTokens: 'never' } })
    const user = it.session()
    const { identity } = await user.signIn()
    it.clock.advanceSeconds(2000)
    it.as.faults.authorize.push(fault)
    expect((await user.signIn()).identity).toEqual(identity)
    expect(it.as.count('register')).toBe(1)
    expect(it.signIns()).toBe(2)
  },
)

test(
  'client check: has a separate state and challenge, and its code is not used',
  { tags: ['C-36', 'C-41'] },
  async () => {
    await using it = await scene({ as: { issueRefreshTokens: 'never' } })
    const user = it.session()
    await user.signIn()
    it.clock.advanceSeconds(2000)
    await user.signIn()
    const [, check, page] = it.as.requests.filter(({ endpoint }) => endpoint === 'authorize')
    expect(check?.query).toEqual({
      ...page?.query,
      state: expect.any(String),
      code_challenge: expect.any(String),
    })
    expect(check?.query['state']).not.toBe(page?.query['state'])
    expect(check?.query['code_challenge']).not.toBe(page?.query['code_challenge'])
    expect(it.as.count('token')).toBe(2)
  },
)

test(
  'client check: a new client and clients that are registered by hand are not checked',
  { tags: ['C-41'] },
  async () => {
    await using it = await scene({ as: { clients: [{ clientId: 'by-hand' }] } })
    await it.session().signIn()
    expect(it.as.count('authorize')).toBe(1)
    const preRegistered = { [it.as.issuer]: { clientId: 'by-hand' } }
    await it.session({ client: { name: 'by hand', preRegistered } }).signIn({ force: true })
    expect(it.as.count('authorize')).toBe(2)
  },
)

test.each<[string, UnknownClientAnswer]>([
  ['unauthorized_client', { redirectError: 'unauthorized_client' }],
  ['invalid_client', { redirectError: 'invalid_client' }],
  ['invalid_request in words', { redirectError: 'invalid_request', description: 'Unknown client' }],
])(
  'forgotten client: registers again once if the page comes back with %s',
  { tags: ['C-41'] },
  async (_what, answer) => {
    await using it = await forgottenScene(answer)
    // The check before the page gets no answer.
    it.as.faults.authorize.push(statusFault(503, {}))
    const result = await it.user.signIn({ force: true })
    expect(result.identity.clientId).not.toBe(it.clientId)
    expect(it.signIns()).toBe(3)
    expect(it.as.count('register')).toBe(2)
    expect(it.events).toContainEqual(
      expect.objectContaining({ type: 'sign-in-fallback', fallback: 'register-again' }),
    )
  },
)

test.each<[string, Fault]>([
  ['401 invalid_client', statusFault(401, { error: 'invalid_client' })],
  ['unauthorized_client', statusFault(400, { error: 'unauthorized_client' })],
  [
    'invalid_request in words',
    statusFault(400, {
      error: 'invalid_request',
      error_description: 'Application with identifier x was not found in the directory',
    }),
  ],
])(
  'forgotten client: registers again once if the code exchange answers with %s',
  { tags: ['C-41'] },
  async (_what, fault) => {
    await using it = await scene()
    const { identity } = await it.session().signIn()
    it.as.faults.token.push(fault)
    const result = await it.session().signIn({ force: true })
    expect(result.identity.clientId).not.toBe(identity.clientId)
    expect(it.as.count('register')).toBe(2)
    expect(it.signIns()).toBe(3)
  },
)

test(
  'forgotten client: a server that refuses the new client too ends the sign-in with its words',
  { tags: ['C-41'] },
  async () => {
    await using it = await scene()
    await it.session().signIn()
    const refusal = statusFault(401, {
      error: 'invalid_client',
      error_description: 'clients are disabled here',
    })
    it.as.faults.token.push(refusal, refusal, refusal)
    const failure = await failureOf(it.session().signIn({ force: true }))
    expect(failure).toMatchObject({ code: 'TOKEN_REQUEST_REFUSED', oauthError: 'invalid_client' })
    expect(failure.message).toContain('clients are disabled here')
    expect(failure.message).toContain('a new client was registered')
    expect(failure.message).toContain('evergrant login --register-again')
    expect(it.as.count('register')).toBe(2)
    expect(it.as.count('token')).toBe(3)
  },
)

test(
  'forgotten client: a first registration that the server refuses is not repeated',
  { tags: ['C-41'] },
  async () => {
    await using it = await scene()
    it.as.faults.authorize.push({ kind: 'oauth-error', error: 'unauthorized_client' })
    const failure = await failureOf(it.session().signIn())
    expect(failure).toMatchObject({ code: 'SIGN_IN_FAILED', oauthError: 'unauthorized_client' })
    expect(it.as.count('register')).toBe(1)
  },
)

test(
  'forgotten client: a client that is registered by hand is never replaced',
  { tags: ['C-41', 'C-53'] },
  async () => {
    await using it = await scene({ as: { clients: [{ clientId: 'by-hand' }] } })
    const preRegistered = { [it.as.issuer]: { clientId: 'by-hand' } }
    const session = it.session({ client: { name: 'by hand', preRegistered } })
    await session.signIn()
    it.as.faults.authorize.push({ kind: 'oauth-error', error: 'unauthorized_client' })
    const failure = await failureOf(session.signIn({ force: true }))
    expect(failure.message).toContain('"by-hand"')
    expect(it.as.count('register')).toBe(0)
    const again = await session.signIn({ registerAgain: true })
    expect(again.identity.clientId).toBe('by-hand')
    expect(again.warnings?.join()).toContain('"by-hand"')
  },
)

test(
  'registration: registerAgain registers a new client and opens the page',
  { tags: ['C-41'] },
  async () => {
    await using it = await scene()
    const { identity } = await it.session().signIn()
    const again = await it.session().signIn({ registerAgain: true })
    expect(again.outcome).toBe('signed-in')
    expect(again.identity.clientId).not.toBe(identity.clientId)
    expect(registrations(it)).toMatchObject([{ reason: 'requested' }])
  },
)

test(
  'registration: signing out forgets the client that registered itself',
  { tags: ['C-41', 'C-57'] },
  async () => {
    await using it = await scene()
    const { identity } = await it.session().signIn()
    await it.session().signOut()
    expect((await it.session().signIn()).identity.clientId).not.toBe(identity.clientId)
    expect(it.as.count('register')).toBe(2)
  },
)

test(
  'registration: a client ID that was configured once is used again after signing out',
  { tags: ['C-40', 'C-41'] },
  async () => {
    await using it = await scene({
      as: { clients: [{ clientId: 'by-hand', clientSecret: 'a secret' }] },
    })
    const preRegistered = { [it.as.issuer]: { clientId: 'by-hand', clientSecret: 'a secret' } }
    await it.session({ client: { name: 'test client', preRegistered } }).signIn()
    await it.session().signOut()
    expect((await it.session().signIn()).identity.clientId).toBe('by-hand')
    it.as.revokeGrant()
    it.clock.advanceSeconds(2000)
    expect((await it.session().signIn()).identity.clientId).toBe('by-hand')
    expect(it.as.count('register')).toBe(0)
    const automatic = it.session({ client: { name: 'test client', dynamicRegistration: true } })
    await automatic.signIn({ force: true })
    expect(it.as.count('register')).toBe(1)
  },
)

test(
  'registration: a client ID from an earlier sign-in is not silently replaced at another issuer',
  { tags: ['C-40', 'C-42'] },
  async () => {
    await using it = await scene({ as: { clients: [{ clientId: 'by-hand' }] } })
    await using other = await startScriptedAuthorizationServer()
    const preRegistered = { [it.as.issuer]: { clientId: 'by-hand' } }
    await it.session({ client: { name: 'test client', preRegistered } }).signIn()
    it.server.faults.metadata.push({
      kind: 'merge',
      fields: { authorization_servers: [other.issuer] },
    })
    const failure = await failureOf(it.session().signIn({ force: true }))
    expect(failure.code).toBe('REGISTRATION_FAILED')
    expect(failure.message).toContain(`${JSON.stringify(it.as.issuer)} (client "by-hand")`)
    expect(failure.message).toContain(`Configure a client for ${JSON.stringify(other.issuer)}`)
    expect(other.count('register')).toBe(0)
  },
)

test(
  'sign-in: an error of the page names the client and how to register again',
  { tags: ['C-41'] },
  async () => {
    await using it = await scene()
    it.as.faults.authorize.push({ kind: 'html' })
    const failure = await failureOf(it.session().signIn())
    expect(failure.code).toBe('SIGN_IN_FAILED')
    expect(failure.message).toContain('may have forgotten the client "client-')
    expect(failure.message).toContain('signIn({ registerAgain: true })')
    expect(failure.message).toContain('evergrant login --register-again')
  },
)

test(
  'forgotten client: is noticed at once, also seconds after its registration',
  { tags: ['C-41'] },
  async () => {
    await using it = await forgottenScene()
    it.clock.advanceSeconds(1)
    const result = await it.user.signIn({ force: true })
    expect(result.identity.clientId).not.toBe(it.clientId)
    // The second page is the first with the new client.
    expect(it.signIns()).toBe(2)
  },
)
