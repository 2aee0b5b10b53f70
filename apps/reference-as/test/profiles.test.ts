import { createHash, randomBytes } from 'node:crypto'
import { behavioursOf, serverProfiles } from '@evergrant/authorization-server/profiles'
import type { ServerProfile } from '@evergrant/authorization-server/profiles'
import type { ClientEvent } from '@evergrant/client'
import { createSession, EvergrantClientError } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { providerProfiles } from '@evergrant/core'
import { startTrustingResource } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import { startAuthorizationServer } from '../src/index.ts'
import type { AuthorizationServerOptions } from '../src/index.ts'
import { describeProfile } from '../src/emulation/describe.ts'

const scope = 'mcp:read'
const redirectUri = 'http://127.0.0.1/callback'
const clientId = 'known-beforehand'
const clientWithoutGrantType = 'without-grant-type'
const rounds = 3
const callers = 8

const client = {
  redirect_uris: [redirectUri],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  application_type: 'native',
} as const

/** Never asked for: what is listed besides the resource of the test. */
const otherResource = 'http://127.0.0.1:9/other'

/** What is listed, where the server knows one resource or two. */
const lists: Readonly<Record<string, (resource: string) => readonly string[]>> = {
  'one resource': (resource) => [resource],
  'another resource after it': (resource) => [resource, otherResource],
  'another resource before it': (resource) => [otherResource, resource],
}

/** The reference server behaving like a product, and a resource it protects. */
async function world(
  profile: string,
  more: AuthorizationServerOptions = {},
  list: (resource: string) => readonly string[] = (resource) => [resource],
) {
  const resource = await startTrustingResource(scope)
  const as = await startAuthorizationServer({
    demo: true,
    profile,
    resources: list(resource.url),
    clients: [
      { ...client, client_id: clientId, grant_types: ['authorization_code', 'refresh_token'] },
      { ...client, client_id: clientWithoutGrantType, grant_types: ['authorization_code'] },
    ],
    ...more,
  })
  resource.protectedBy(as.issuer)
  return {
    as,
    resource,
    async [Symbol.asyncDispose]() {
      await as.close()
      await resource.close()
    },
  }
}

/** What the client knows about the product, where it knows something. */
function clientProfile(name: string) {
  const id = name === 'entra' ? 'entra-id' : name
  return providerProfiles.find((profile) => profile.id === id)
}

function session(
  it: Awaited<ReturnType<typeof world>>,
  profile: ReturnType<typeof clientProfile>,
  events: ClientEvent[],
) {
  return createSession(it.resource.url, {
    store: memoryStore(),
    client: { name: 'Test', preRegistered: { [it.as.issuer]: { clientId } } },
    signIn: headlessSignIn({ redirectUri }),
    preferences: { profile, assumePkceS256: true },
    observe: (event) => events.push(event),
  })
}

/** The resource that an access token is for. */
function audienceOf(accessToken: string): unknown {
  const claims: unknown = JSON.parse(
    Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString('utf8'),
  )
  return typeof claims === 'object' && claims !== null && 'aud' in claims ? claims.aud : undefined
}

const unlisted: unknown = expect.stringMatching(/does not list offline_access/)

/** What comes of a sign-in by a client that does what the standards say, and no more. */
function byStandardsAlone({ behaviours }: ServerProfile) {
  if (behaviours.resource?.value === 'refused') return { refused: 'invalid_target' }
  // No standard knows of access_type.
  return behaviours.refreshTokenFor?.value === 'access-type-offline'
    ? {
        refreshToken: 'not-issued',
        noRefreshTokenReason: unlisted,
      }
    : { refreshToken: 'issued', noRefreshTokenReason: undefined }
}

/** What must not have happened while nothing was wrong. */
const troubles = new Set<ClientEvent['type']>(['refresh-failed', 'save-failed', 'grant-ended'])

describe.each(serverProfiles.map((profile) => [profile.name, profile] as const))(
  'a server like %s',
  (name, profile) => {
    test.each(Object.entries(lists))(
      'gives the client a refresh token, and it signs in once (%s)',
      { tags: ['C-02', 'C-05', 'C-50', 'C-51'] },
      async (listed, list) => {
        await using it = await world(name, {}, list)
        const events: ClientEvent[] = []
        const ours = session(it, clientProfile(name), events)
        const signedIn = await ours.signIn()
        expect(signedIn).toMatchObject({ outcome: 'signed-in', refreshToken: 'issued' })
        expect(signedIn.noRefreshTokenReason).toBeUndefined()
        // Who may not name the resource gets the first of the list.
        const audience =
          profile.behaviours.resource?.value === 'refused' &&
          listed === 'another resource before it'
            ? otherResource
            : it.resource.url

        const fetch = authorizedFetch(ours)
        for (let round = 0; round < rounds; round += 1) {
          const { value } = await ours.getAccessToken()
          expect(audienceOf(value)).toBe(audience)
          it.resource.rejectToken(value)
          const answers = await Promise.all(
            Array.from({ length: callers }, () => fetch(it.resource.url)),
          )
          expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        }
        expect(audienceOf((await ours.getAccessToken()).value)).toBe(audience)
        const refreshes = events.filter((event) => event.type === 'refresh-succeeded')
        expect(refreshes).toHaveLength(rounds)
        const exchanged = (profile.behaviours.rotation?.value ?? 'new-token') === 'new-token'
        expect(refreshes.map(({ rotated }) => rotated)).toEqual(refreshes.map(() => exchanged))
        expect(events.filter(({ type }) => troubles.has(type))).toEqual([])
        expect(it.as.stats()).toMatchObject({
          signIns: 1,
          tokenRequests: {
            authorization_code: { success: 1 },
            refresh_token: { success: rounds },
          },
        })
      },
    )

    test(
      'gives a client that knows no products one as well, or the client says why not',
      { tags: ['C-02', 'C-05'] },
      async () => {
        await using it = await world(name, {}, lists['another resource before it'])
        const outcome = await session(it, undefined, [])
          .signIn()
          .then(
            ({ refreshToken, noRefreshTokenReason }) => ({ refreshToken, noRefreshTokenReason }),
            (error: unknown) => ({
              refused: EvergrantClientError.is(error) ? error.oauthError : error,
            }),
          )
        expect(outcome).toEqual(byStandardsAlone(profile))
      },
    )

    test.each(Object.entries(lists))(
      'shows every behaviour that it emulates (%s)',
      { tags: ['A-03', 'A-05'] },
      async (_listed, list) => {
        const shown = await observe(name, list)
        const { idleSeconds: _idle, absoluteSeconds: _absolute, ...behaviours } = known(profile)
        // Nothing but a body tells how long a grace is; rotation.test.ts does.
        const { graceSeconds: _grace, accessTokenSeconds: _access, ...observable } = behaviours
        expect(shown).toMatchObject(observable)
      },
    )
  },
)

/** What no source says, and is offered all the same: see the end of `evergrant-as profiles okta`. */
const registersForTrials = new Set(['cognito', 'okta'])

test.each(serverProfiles.map((profile) => [profile.name, profile] as const))(
  'a server like %s offers clients the ways in that have a source, or says that it has none',
  { tags: ['A-03'] },
  async (name, profile) => {
    const { registration, clientIdMetadataDocuments } = profile.behaviours
    const forTrials = registersForTrials.has(name)
    const shown = await observe(name)
    expect(shown).toMatchObject({
      registration: forTrials ? 'offered' : (registration?.value ?? 'not-offered'),
      clientIdMetadataDocuments: clientIdMetadataDocuments?.value ?? 'not-supported',
    })
    expect(describeProfile(profile).includes('Dynamic registration: offered here')).toBe(forTrials)
  },
)

function known(profile: ServerProfile): Record<string, string | number> {
  return Object.fromEntries(behavioursOf(profile).map(([name, { value }]) => [name, value]))
}

/** Asks a server what it does, in the terms of a profile. */
async function observe(
  name: string,
  list?: (resource: string) => readonly string[],
): Promise<Record<string, string>> {
  await using it = await world(name, {}, list)
  const wellKnown = (suffix: string) => fetch(`${it.as.issuer}/.well-known/${suffix}`)
  const oauth = await wellKnown('oauth-authorization-server')
  const openid = await wellKnown('openid-configuration')
  const metadata = (await openid.json()) as Record<string, unknown>
  const sign = (parameters: Parameters) => signIn(it.as.issuer, parameters)
  const refresh = (refreshToken: string) =>
    tokenRequest(it.as.issuer, { grant_type: 'refresh_token', refresh_token: refreshToken })
  const plain = { scope, resource: it.resource.url }
  const refusesResource = (await sign(plain)).error === 'invalid_target'
  const usual = refusesResource ? { scope } : plain
  const offline = { ...usual, scope: `${scope} offline_access` }
  const undeclared = { client_id: clientWithoutGrantType }
  const bare = await sign(usual)
  const bareUndeclared = await sign({ ...usual, ...undeclared })
  const withOffline = await sign(offline)
  const withConsent = await sign({ ...offline, prompt: 'consent' })
  const consentUndeclared = await sign({ ...offline, ...undeclared, prompt: 'consent' })
  const accessType = await sign({ ...usual, access_type: 'offline', prompt: 'consent' })
  const badResource = await sign({ ...usual, resource: 'http://127.0.0.1:9/mcp#fragment' })
  const offlineListed = [metadata['scopes_supported']].flat().includes('offline_access')

  const presented = [bare, withOffline, withConsent, accessType]
    .map(({ refreshToken }) => refreshToken)
    .find((token) => token !== undefined)
  if (presented === undefined) throw new Error('no way to a refresh token was found')
  const second = await refresh(presented)
  const { refreshToken: returned } = second
  const again = await refresh(presented)
  const successor = await refresh(returned ?? presented)
  const late = await refresh(presented)
  const newest = await refresh(successor.refreshToken ?? presented)
  const dead = await refresh('never-issued')

  return {
    refreshTokenFor: refreshTokenFor({ bare, bareUndeclared, withConsent, consentUndeclared }),
    offlineAccess:
      withOffline.error === 'invalid_scope' ? 'refused' : offlineListed ? 'listed' : 'unlisted',
    scopesSupported: 'scopes_supported' in metadata ? 'present' : 'absent',
    promptConsent:
      withConsent.refreshToken !== undefined && withOffline.refreshToken === undefined
        ? 'needed'
        : 'not-needed',
    requestWithoutScope:
      (await sign({ ...usual, scope: undefined })).error === undefined ? 'accepted' : 'refused',
    rotation:
      returned === undefined ? 'no-token' : returned === presented ? 'same-token' : 'new-token',
    reuse: reuse({ again, late, newest }),
    resource: refusesResource
      ? 'refused'
      : badResource.error === undefined
        ? 'ignored'
        : 'honoured',
    registration: 'registration_endpoint' in metadata ? 'offered' : 'not-offered',
    clientIdMetadataDocuments:
      metadata['client_id_metadata_document_supported'] === undefined
        ? 'not-supported'
        : 'supported',
    iss: bare.iss === undefined ? 'not-sent' : 'sent',
    codeChallengeMethods: 'code_challenge_methods_supported' in metadata ? 'present' : 'absent',
    metadataAt:
      oauth.status === 404
        ? 'openid-configuration'
        : oauth.headers.get('content-type')?.includes('html') === true
          ? 'openid-configuration-and-a-page'
          : 'both',
    deadRefreshToken: dead.error ?? 'accepted',
  }
}

type Parameters = Readonly<Record<string, string | undefined>>

interface Outcome {
  readonly refreshToken?: string | undefined
  readonly error?: string | undefined
  readonly iss?: string | undefined
}

/** An authorization and the exchange of its code. */
async function signIn(issuer: string, parameters: Parameters): Promise<Outcome> {
  const verifier = randomBytes(32).toString('base64url')
  const query = given({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  })
  const answer = await fetch(`${issuer}/auth?${query}`, { redirect: 'manual' })
  const { searchParams } = new URL(answer.headers.get('location') ?? 'about:blank')
  const code = searchParams.get('code')
  if (code === null) return { error: searchParams.get('error') ?? `status ${answer.status}` }
  const tokens = await tokenRequest(issuer, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    client_id: parameters['client_id'],
  })
  return { ...tokens, iss: searchParams.get('iss') ?? undefined }
}

async function tokenRequest(issuer: string, parameters: Parameters): Promise<Outcome> {
  const body = given({ ...parameters, client_id: parameters['client_id'] ?? clientId })
  const response = await fetch(`${issuer}/token`, { method: 'POST', body })
  const text = await response.text()
  const answer = text === '' ? {} : (JSON.parse(text) as Record<string, string>)
  const error = answer['error'] ?? (response.ok ? undefined : `empty-${response.status}`)
  return { refreshToken: answer['refresh_token'], error }
}

function given(parameters: Parameters): URLSearchParams {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) search.set(name, value)
  }
  return search
}

function refreshTokenFor(outcomes: {
  readonly bare: Outcome
  readonly bareUndeclared: Outcome
  readonly withConsent: Outcome
  readonly consentUndeclared: Outcome
}): string {
  const { bare, bareUndeclared, withConsent, consentUndeclared } = outcomes
  if (bareUndeclared.refreshToken !== undefined) return 'always'
  if (bare.refreshToken !== undefined) return 'grant-type'
  if (consentUndeclared.refreshToken !== undefined) return 'offline-access'
  return withConsent.refreshToken === undefined
    ? 'access-type-offline'
    : 'grant-type-and-offline-access'
}

/** From what came of a superseded token before and after its successor was used. */
function reuse({ again, late, newest }: Record<'again' | 'late' | 'newest', Outcome>): string {
  if (again.error === undefined && late.error === undefined) return 'accepted'
  if (newest.error !== undefined) return 'family-revoked'
  return again.error === undefined ? 'accepted-until-successor-is-used' : 'refused'
}

test('what is set goes before what a profile says', { tags: ['A-03'] }, async () => {
  await using it = await world('cognito', {
    preset: 'oidc',
    graceSeconds: 7,
    accessTokenLifetimeSeconds: 33,
  })
  expect(it.as.settings).toMatchObject({
    preset: 'oidc',
    graceSeconds: 7,
    accessTokenLifetimeSeconds: 33,
    lifetimes: { absoluteSeconds: 30 * 86_400 },
  })
  const signedIn = await session(it, undefined, []).signIn()
  expect(signedIn.decision?.offlineAccess).toBe('added')
})

test('a profile that does not exist is refused with the names of those that do', async () => {
  await expect(startAuthorizationServer({ demo: true, profile: 'oktaa' })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringMatching(/profile: expected .*okta.*, got "oktaa"/),
  })
})
