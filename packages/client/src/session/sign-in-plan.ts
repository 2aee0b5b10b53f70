import type { BearerChallenge, ScopeDecision } from '@evergrant/core'
import type { AppliedFallback, SignInFallback } from '@evergrant/core/authorization'
import type { ProviderProfile } from '@evergrant/core/providers'
import { formatScope, negotiateScope, readScope, uniteScopes } from '@evergrant/core'
import type { Grant } from '../grant/grant.ts'
import type { Clock } from '../lib/clock.ts'
import type { AuthorizationRequest } from '../protocol/authorization-request.ts'
import { beginAuthorization } from '../protocol/authorization-request.ts'
import type { Discovery } from '../protocol/discovery.ts'
import type { DpopPreference } from '../protocol/dpop.ts'
import { wantsDpop } from '../protocol/dpop.ts'
import type { ClientConfiguration, ClientRegistration } from '../protocol/registration.ts'

/** What the application prefers in a sign-in. */
export interface SignInPreferences {
  /** Request a refresh token if that is possible. Default `true`. */
  readonly wantsRefreshToken?: boolean | undefined
  /** Scope to request in addition to what the MCP server names. */
  readonly additionalScope?: string | undefined
  /** `prompt=consent`: as the rules require (default), always, or never. */
  readonly prompt?: 'by-rule' | 'consent' | 'never' | undefined
  /** If no scope is known: omit the parameter (default), or request only `offline_access`. */
  readonly withoutScope?: 'omit' | 'offline-only' | undefined
  /** The profile of the provider. Default: the profile for the issuer. */
  readonly profile?: ProviderProfile | undefined
  /** Continue with S256 if the metadata does not mention PKCE. Default `false`. */
  readonly assumePkceS256?: boolean | undefined
  /**
   * Whether tokens are bound to a key (DPoP, RFC 9449) if the server supports it. Default
   * `when-required`: only if the metadata of the MCP server requires it.
   */
  readonly dpop?: DpopPreference | undefined
}

/** A sign-in that is ready for the browser. */
export interface SignInPlan {
  readonly registration: ClientRegistration
  /** Whether the client was registered for this sign-in. */
  readonly clientIsNew: boolean
  readonly decision: ScopeDecision
  readonly request: AuthorizationRequest
}

/** What the scope of a sign-in is negotiated from. */
export interface SignInScopeInput {
  readonly discovery: Discovery
  readonly challenge: BearerChallenge | undefined
  readonly client: ClientConfiguration
  readonly profile: ProviderProfile
  readonly preferences: SignInPreferences
  /** The current grant. A step-up requests the scope that it requested, and more (C-22). */
  readonly grant: Grant | undefined
  /** Scope of an unfinished sign-in that this one replaces. */
  readonly keptScope?: string | undefined
  /** What the authorization server refused in this sign-in so far. */
  readonly fallbacks: readonly AppliedFallback[]
  /** Whether the authorization server refused `prompt=consent` in an earlier sign-in. */
  readonly promptRefused: boolean
}

/** What a plan is made from. */
export interface SignInPlanInput extends SignInScopeInput {
  readonly registration: ClientRegistration
  readonly clientIsNew: boolean
  readonly redirectUri: string
  readonly clock: Clock
}

/** Decides what to request, and makes the authorization request. */
export async function planSignIn(input: SignInPlanInput): Promise<SignInPlan> {
  const { discovery, preferences, registration, profile } = input
  const { authorizationServer } = discovery
  const decision = negotiateSignInScope(input)
  const request = await beginAuthorization({
    authorizationServer,
    registration,
    redirectUri: input.redirectUri,
    resource: discovery.resource,
    scope: decision,
    profile,
    nowEpochSeconds: input.clock.nowEpochSeconds(),
    wantsRefreshToken: preferences.wantsRefreshToken ?? true,
    assumePkceS256: preferences.assumePkceS256,
    bindTokens: bindsTokens(discovery, preferences),
  })
  return { registration, clientIsNew: input.clientIsNew, decision, request }
}

/** Whether the tokens of a sign-in are to be bound to a key (RFC 9449). */
export function bindsTokens(
  { authorizationServer, protectedResource }: Discovery,
  { dpop = 'when-required' }: SignInPreferences,
): boolean {
  return wantsDpop(dpop, authorizationServer, protectedResource)
}

/** Decides which scope a sign-in requests, however the user signs in. */
export function negotiateSignInScope(input: SignInScopeInput): ScopeDecision {
  const { discovery, preferences, grant, profile } = input
  return negotiateScope(
    {
      challengeScope: input.challenge?.scope,
      protectedResource: discovery.protectedResource,
      authorizationServer: discovery.authorizationServer,
      client: { grant_types: declaredGrantTypes(input.client) },
      previouslyRequested: uniteRequests(grant?.requestedScope, input.keptScope),
      previouslyGranted: grant?.tokenSet?.scope,
      profile,
    },
    {
      wantsRefreshToken: preferences.wantsRefreshToken ?? true,
      additionalScope: preferences.additionalScope,
      withoutScope: preferences.withoutScope,
      prompt: preferences.prompt,
      // Only a step-up must not repeat a request that brought no refresh token (C-07). A user who
      // signs in again may do so to get one.
      refreshTokenHeld:
        input.challenge?.error === 'insufficient_scope' && grant?.state === 'active'
          ? grant.tokenSet?.refreshToken !== undefined
          : undefined,
      refused: {
        offlineAccess: wasUsed(input.fallbacks, 'without-offline-access'),
        prompt: input.promptRefused || wasUsed(input.fallbacks, 'without-prompt'),
      },
      fallbacks: input.fallbacks,
    },
  )
}

/** Whether a sign-in has used a fallback. */
export function wasUsed(fallbacks: readonly AppliedFallback[], name: SignInFallback): boolean {
  return fallbacks.some(({ fallback }) => fallback === name)
}

function uniteRequests(...scopes: readonly (string | undefined)[]): string | undefined {
  return formatScope(uniteScopes(...scopes.map((scope) => readScope(scope).tokens)))
}

function declaredGrantTypes(client: ClientConfiguration): readonly string[] {
  return client.wantsRefreshToken === false
    ? ['authorization_code']
    : ['authorization_code', 'refresh_token']
}
