import type { AppliedFallback } from '@evergrant/core/authorization'
import { missingScopes, readScope } from '@evergrant/core'
import { preflightAuthorization } from '../protocol/authorization-preflight.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { SignInBinding } from './sign-in-records.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInClientSources } from './sign-in-client.ts'
import { bindingOf, clientForSignIn, reportNewClient } from './sign-in-client.ts'
import { applyFallback } from './sign-in-fallbacks.ts'
import type { SignInPlan, SignInPreferences } from './sign-in-plan.ts'
import { planSignIn, wasUsed } from './sign-in-plan.ts'

/** What a sign-in is prepared from. */
export interface SignInSources extends SignInClientSources {
  readonly preferences: SignInPreferences
  /** Scope of an unfinished sign-in that this one replaces. */
  readonly keptScope?: string | undefined
}

/** A sign-in that is ready for the browser, and the fallbacks that led to it. */
export interface PlannedSignIn {
  readonly plan: SignInPlan
  readonly binding: SignInBinding
  readonly fallbacks: readonly AppliedFallback[]
}

/**
 * Registers the client if necessary, plans the authorization request, and checks that the server still
 * knows a stored client.
 */
export async function prepareSignIn(
  context: SessionContext,
  grants: CurrentGrant,
  sources: SignInSources,
): Promise<PlannedSignIn> {
  let { fallbacks } = sources
  for (;;) {
    const { plan, binding } = await planOnce(context, grants, { ...sources, fallbacks })
    const refusal = needsPreflight(plan, fallbacks)
      ? await preflightAuthorization(plan.request.authorizationUrl, {
          ...context.http,
          signal: sources.request.signal,
        })
      : undefined
    const next =
      refusal && (await applyFallback(context, refusedRequestOf(plan, binding), refusal, fallbacks))
    if (next === undefined) return { plan, binding, fallbacks }
    fallbacks = next
  }
}

/** The request of a plan, to decide on a fallback if it is refused. */
export function refusedRequestOf(
  { request, decision, clientIsNew }: SignInPlan,
  binding: SignInBinding,
): Parameters<typeof applyFallback>[1] {
  return {
    binding,
    redirectUri: request.pending.redirectUri,
    scope: decision.scope,
    prompt: decision.prompt.prompt,
    clientIsNew,
  }
}

async function planOnce(
  context: SessionContext,
  grants: CurrentGrant,
  sources: SignInSources,
): Promise<{ readonly plan: SignInPlan; readonly binding: SignInBinding }> {
  const { discovery, request, redirectUri, preferences, keptScope, fallbacks } = sources
  const signInClient = await clientForSignIn(context, grants, sources)
  const { registration, isStored, grant, promptRefused } = signInClient
  const plan = await planSignIn({
    discovery,
    challenge: request.challenge,
    client: context.client,
    registration,
    clientIsNew: !isStored,
    profile: context.profileOf(discovery.authorizationServer.issuer),
    redirectUri,
    preferences,
    grant,
    keptScope,
    fallbacks,
    promptRefused,
    clock: context.clock,
  })
  const binding = bindingOf(context, sources, signInClient, plan.request.assumptions)
  reportNewClient(context, sources, signInClient, binding)
  return { plan, binding }
}

/**
 * A server can forget a client that registered itself. Only such a client can be replaced, so only such
 * a client is checked. A new one is checked only if its scope is in doubt: the server registered too
 * little, or refused it before.
 */
function needsPreflight(
  { registration, clientIsNew, decision }: SignInPlan,
  fallbacks: readonly AppliedFallback[],
): boolean {
  if (registration.origin !== 'dynamic') return false
  if (wasUsed(fallbacks, 'register-with-scope')) return true
  if (lacksScope(registration, decision.scope)) return true
  return !clientIsNew
}

function lacksScope({ scope }: ClientRegistration, requested: string | undefined): boolean {
  if (scope === undefined || requested === undefined) return false
  return missingScopes(readScope(requested).tokens, readScope(scope).tokens).length > 0
}
