import { createHash, randomBytes } from 'node:crypto'
import type { ClientEvent } from '@evergrant/client'
import { createSession, EvergrantClientError } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { providerProfiles } from '@evergrant/core'
import { startTrustingResource } from '@evergrant/test-kit'
import { describe, expect, test } from 'vitest'
import { startAuthorizationServer } from '../../src/index.ts'
import type { AuthorizationServerOptions } from '../../src/index.ts'
import { describeEmulatedServer } from '../../src/emulation/describe.ts'
import { behaviorsOf, emulatedServers } from '../../src/emulation/servers/catalog.ts'
import type { EmulatedServer } from '../../src/emulation/servers/emulated-server.ts'

const scope = 'mcp:read'
const redirectUri = 'http://127.0.0.1/callback'
const clientId = 'preregistered'
const clientWithoutGrantType = 'without-grant-type'
const rounds = 3
const callers = 8

const client = {
  redirect_uris: [redirectUri],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  application_type: 'native',
} as const

/** A listed resource that no test requests. */
const otherResource = 'http://127.0.0.1:9/other'

/** The listed resources of a server, one or two. */
const lists: Readonly<Record<string, (resource: string) => readonly string[]>> = {
  'one resource': (resource) => [resource],
  'another resource after it': (resource) => [resource, otherResource],
  'another resource before it': (resource) => [otherResource, resource],
}

/** The reference server emulating a product, and a resource it protects. */
async function startTestbed(
  emulate: string,
  more: AuthorizationServerOptions = {},
  list: (resource: string) => readonly string[] = (resource) => [resource],
) {
  const resource = await startTrustingResource(scope)
  const as = await startAuthorizationServer({
    demo: true,
    emulate,
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

/** The client's profile of the product, if it has one. */
function clientProfile(name: string) {
  const id = name === 'entra' ? 'entra-id' : name
  return providerProfiles.find((profile) => profile.id === id)
}

function session(
  it: Awaited<ReturnType<typeof startTestbed>>,
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

/** The outcome of a sign-in by a client that only follows the standards. */
function byStandardsAlone({ behaviors }: EmulatedServer) {
  if (behaviors.resource?.value === 'refused') return { refused: 'invalid_target' }
  // access_type is not part of any standard.
  return behaviors.refreshTokenFor?.value === 'access-type-offline'
    ? {
        refreshToken: 'not-issued',
        noRefreshTokenReason: unlisted,
      }
    : { refreshToken: 'issued', noRefreshTokenReason: undefined }
}

/** Events that must not occur. */
const troubles = new Set<ClientEvent['type']>(['refresh-failed', 'save-failed', 'grant-ended'])

describe.each(emulatedServers.map((one) => [one.name, one] as const))(
  'emulating %s',
  (name, server) => {
    test.each(Object.entries(lists))(
      'emulation: the client gets a refresh token and signs in once (%s)',
      { tags: ['C-02', 'C-05', 'C-50', 'C-51'] },
      async (listed, list) => {
        await using it = await startTestbed(name, {}, list)
        const events: ClientEvent[] = []
        const ours = session(it, clientProfile(name), events)
        const signedIn = await ours.signIn()
        expect(signedIn).toMatchObject({ outcome: 'signed-in', refreshToken: 'issued' })
        expect(signedIn.noRefreshTokenReason).toBeUndefined()
        // A client that may not name the resource gets the first of the list.
        const audience =
          server.behaviors.resource?.value === 'refused' && listed === 'another resource before it'
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
        const exchanged = (server.behaviors.rotation?.value ?? 'new-token') === 'new-token'
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
      'emulation: a client without product profiles gets a refresh token, or says why not',
      { tags: ['C-02', 'C-05'] },
      async () => {
        await using it = await startTestbed(name, {}, lists['another resource before it'])
        const outcome = await session(it, undefined, [])
          .signIn()
          .then(
            ({ refreshToken, noRefreshTokenReason }) => ({ refreshToken, noRefreshTokenReason }),
            (error: unknown) => ({
              refused: EvergrantClientError.is(error) ? error.oauthError : error,
            }),
          )
        expect(outcome).toEqual(byStandardsAlone(server))
      },
    )

    test.each(Object.entries(lists))(
      'emulation: every emulated behavior can be observed (%s)',
      { tags: ['A-03', 'A-05'] },
      async (_listed, list) => {
        const shown = await observe(name, list)
        const { idleSeconds: _idle, absoluteSeconds: _absolute, ...behaviors } = known(server)
        // rotation.test.ts tests how long the grace is.
        const { graceSeconds: _grace, accessTokenSeconds: _access, ...observable } = behaviors
        expect(shown).toMatchObject(observable)
      },
    )
  },
)

/** Offered without a source. See the end of `evergrant-as products okta`. */
const registersForTrials = new Set(['cognito', 'okta'])

test.each(emulatedServers.map((one) => [one.name, one] as const))(
  'emulation: %s offers registration and metadata documents with a source, or says that it has none',
  { tags: ['A-03'] },
  async (name, server) => {
    const { registration, clientIdMetadataDocuments } = server.behaviors
    const forTrials = registersForTrials.has(name)
    const shown = await observe(name)
    expect(shown).toMatchObject({
      registration: forTrials ? 'offered' : (registration?.value ?? 'not-offered'),
      clientIdMetadataDocuments: clientIdMetadataDocuments?.value ?? 'not-supported',
    })
    expect(describeEmulatedServer(server).includes('Dynamic registration: offered so')).toBe(
      forTrials,
    )
  },
)

function known(server: EmulatedServer): Record<string, string | number> {
  return Object.fromEntries(behaviorsOf(server).map(([name, { value }]) => [name, value]))
}

/** Observes the behaviors of an emulated server by requests alone. */
async function observe(
  name: string,
  list?: (resource: string) => readonly string[],
): Promise<Record<string, string>> {
  await using it = await startTestbed(name, {}, list)
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
    resource: refusesResource ? 'refused' : badResource.error === undefined ? 'ignored' : 'honored',
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

/** From the outcomes of a superseded token before and after the first use of its successor. */
function reuse({ again, late, newest }: Record<'again' | 'late' | 'newest', Outcome>): string {
  if (again.error === undefined && late.error === undefined) return 'accepted'
  if (newest.error !== undefined) return 'family-revoked'
  return again.error === undefined ? 'accepted-until-successor-is-used' : 'refused'
}

test(
  'emulation: options take precedence over the emulated product',
  { tags: ['A-03'] },
  async () => {
    await using it = await startTestbed('cognito', {
      preset: 'oidc',
      graceSeconds: 7,
      accessTokenLifetimeSeconds: 33,
    })
    expect(it.as.settings).toMatchObject({
      policy: 'oidc',
      graceSeconds: 7,
      accessTokenLifetimeSeconds: 33,
      lifetimes: { absoluteSeconds: 30 * 86_400 },
    })
    const signedIn = await session(it, undefined, []).signIn()
    expect(signedIn.decision?.offlineAccess).toBe('added')
  },
)

test('emulation: an unknown product is refused, and the message lists the known ones', async () => {
  await expect(startAuthorizationServer({ demo: true, emulate: 'oktaa' })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringMatching(/emulate: expected .*okta.*, got "oktaa"/),
  })
})
