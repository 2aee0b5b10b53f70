import type { BearerChallenge, ProviderProfile, ScopeDecision } from '@evergrant/core'
import { negotiateScope, selectProviderProfile } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import type { Grant } from '../grant/grant.ts'
import type { AuthorizationRequest } from '../protocol/authorization.ts'
import { beginAuthorization } from '../protocol/authorization.ts'
import type { DpopPreference } from '../protocol/dpop.ts'
import { wantsDpop } from '../protocol/dpop.ts'
import type { Discovery } from '../protocol/discovery.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration, ClientRegistration } from '../protocol/registration.ts'
import { registerClient, standingRegistration } from '../protocol/registration.ts'
import type { RecordStore } from '../stores/store.ts'
import { registrationRecord } from './records.ts'

/** What the application wants from a sign-in. */
export interface SignInPreferences {
  /** Ask for a refresh token where that is possible. Default `true`. */
  readonly wantsRefreshToken?: boolean | undefined
  /** Scope to ask for whatever the MCP server names. */
  readonly additionalScope?: string | undefined
  /** `prompt=consent`: by the rules (default), always, or never. */
  readonly prompt?: 'by-rule' | 'consent' | 'never' | undefined
  /** Where nobody names a scope: leave it out (default), or ask for `offline_access` alone. */
  readonly withoutScope?: 'omit' | 'offline-only' | undefined
  /** The provider's profile, where the one chosen by issuer does not fit. */
  readonly profile?: ProviderProfile | undefined
  /** Go on with S256 where the metadata says nothing about PKCE. Default `false`. */
  readonly assumePkceS256?: boolean | undefined
  /**
   * Whether tokens are bound to a key (DPoP, RFC 9449) at servers that can do so. Default
   * `when-required`: where the MCP server's metadata demands it.
   */
  readonly dpop?: DpopPreference | undefined
}

/** A sign-in, worked out and ready for the browser. */
export interface SignInPlan {
  readonly registration: ClientRegistration
  readonly profile: ProviderProfile
  readonly decision: ScopeDecision
  readonly request: AuthorizationRequest
}

/** What a plan is made from. */
export interface SignInPlanInput {
  readonly discovery: Discovery
  readonly challenge: BearerChallenge | undefined
  readonly client: ClientConfiguration
  readonly registration: ClientRegistration
  readonly redirectUri: string
  readonly preferences: SignInPreferences
  /** The grant so far: a step-up asks for what it asked for, and more (C-22). */
  readonly grant: Grant | undefined
  readonly clock: Clock
}

/** Decides what to ask for, and makes the authorization request. */
export async function planSignIn(input: SignInPlanInput): Promise<SignInPlan> {
  const { discovery, preferences, grant, registration } = input
  const { authorizationServer } = discovery
  const profile = preferences.profile ?? selectProviderProfile(authorizationServer.issuer)
  const wantsRefreshToken = preferences.wantsRefreshToken ?? true
  const decision = negotiateScope(
    {
      challengeScope: input.challenge?.scope,
      protectedResource: discovery.protectedResource,
      authorizationServer,
      client: { grant_types: declaredGrantTypes(input.client) },
      previouslyRequested: grant?.requestedScope,
      previouslyGranted: grant?.tokenSet?.scope,
      profile,
    },
    {
      wantsRefreshToken,
      additionalScope: preferences.additionalScope,
      withoutScope: preferences.withoutScope,
      prompt: preferences.prompt,
      // Only a step-up could ask twice for nothing (C-07); whoever signs in anew may have come to
      // get the refresh token that the last sign-in did not bring.
      refreshTokenHeld:
        input.challenge?.error === 'insufficient_scope' && grant?.state === 'active'
          ? grant.tokenSet?.refreshToken !== undefined
          : undefined,
    },
  )
  const request = await beginAuthorization({
    authorizationServer,
    registration,
    redirectUri: input.redirectUri,
    resource: discovery.resource,
    scope: decision,
    profile,
    nowEpochSeconds: input.clock.nowEpochSeconds(),
    wantsRefreshToken,
    assumePkceS256: preferences.assumePkceS256,
    bindTokens: wantsDpop(
      preferences.dpop ?? 'when-required',
      authorizationServer,
      discovery.protectedResource,
    ),
  })
  return { registration, profile, decision, request }
}

function declaredGrantTypes(client: ClientConfiguration): readonly string[] {
  return client.wantsRefreshToken === false
    ? ['authorization_code']
    : ['authorization_code', 'refresh_token']
}

/**
 * The registration to use: one that needs no request, the dynamic one made before for the same
 * redirect URI, else a new one, which is stored before it is used.
 *
 * @param refused - A client ID the server no longer accepts.
 */
export async function registrationFor(
  discovery: Discovery,
  client: ClientConfiguration,
  redirectUri: string,
  refused: string | undefined,
  context: { readonly store: RecordStore; readonly clock: Clock; readonly http: HttpOptions },
): Promise<ClientRegistration> {
  const { authorizationServer } = discovery
  const standing = standingRegistration(authorizationServer, client)
  if (standing !== undefined) return standing
  const record = await registrationRecord(context.store, authorizationServer.issuer, client.name)
  const { value: stored } = await record.read()
  const expiry = stored?.secretExpiresAtEpochSeconds ?? Number.POSITIVE_INFINITY
  if (
    stored?.redirectUri === redirectUri &&
    stored.clientId !== refused &&
    expiry > context.clock.nowEpochSeconds()
  ) {
    return stored
  }
  const registered = await registerClient(authorizationServer, client, redirectUri, context.http)
  await record.put(registered)
  return registered
}
