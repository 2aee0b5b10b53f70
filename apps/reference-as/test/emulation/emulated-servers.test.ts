import type { ClientEvent } from '@evergrant/client'
import { createSession, EvergrantClientError } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { providerProfiles } from '@evergrant/core/providers'
import { describe, expect, test } from 'vitest'
import { startAuthorizationServer } from '../../src/index.ts'
import { describeEmulatedServer } from '../../src/emulation/describe.ts'
import { behaviorsOf, emulatedServers } from '../../src/emulation/servers/catalog.ts'
import type { EmulatedServer } from '../../src/emulation/servers/emulated-server.ts'

import { observe } from './observe.ts'
import {
  clientId,
  clientSecret,
  lists,
  otherResource,
  redirectUri,
  startTestbed,
} from './testbed.ts'

const rounds = 3
const callers = 8

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
  const secret =
    it.as.settings.emulation.publicClients === 'get-none' ? { clientSecret } : undefined
  return createSession(it.resource.url, {
    store: memoryStore(),
    client: { name: 'Test', preRegistered: { [it.as.issuer]: { clientId, ...secret } } },
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
        const writesClient = server.behaviors.audience?.value === 'client'
        const forgets = server.behaviors.resourceOnRefresh?.value === 'forgotten'
        for (let round = 0; round < rounds; round += 1) {
          const { value } = await ours.getAccessToken()
          const isForClient = writesClient || (forgets && round > 0)
          expect(audienceOf(value)).toBe(isForClient ? clientId : audience)
          it.resource.rejectToken(value)
          const answers = await Promise.all(
            Array.from({ length: callers }, () => fetch(it.resource.url)),
          )
          expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        }
        expect(audienceOf((await ours.getAccessToken()).value)).toBe(
          writesClient || forgets ? clientId : audience,
        )
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
const registersForTrials = new Set(['okta', 'pingone', 'spring'])

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
