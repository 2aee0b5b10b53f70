import type { AppliedFallback } from '@evergrant/core'
import { isSameIssuer, missingScopes, readScope } from '@evergrant/core'
import { aboutGrant } from '../lib/events.ts'
import { preflightAuthorization } from '../protocol/authorization-preflight.ts'
import type { Discovery } from '../protocol/discovery.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { Binding } from './records.ts'
import { identityOf } from './records.ts'
import { registrationFor } from './registration.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInOptions } from './sign-in-api.ts'
import { applyFallback } from './sign-in-fallbacks.ts'
import type { SignInPlan, SignInPreferences } from './sign-in-plan.ts'
import { planSignIn, wasUsed } from './sign-in-plan.ts'

/** What a sign-in is prepared from. */
export interface SignInSources {
  readonly discovery: Discovery
  readonly request: SignInOptions
  readonly redirectUri: string
  readonly preferences: SignInPreferences
  /** Scope of an unfinished sign-in that this one replaces. */
  readonly keptScope?: string | undefined
  /** What the authorization server refused in this sign-in so far. */
  readonly fallbacks: readonly AppliedFallback[]
}

/** A sign-in that is ready for the browser, and the fallbacks that led to it. */
export interface PlannedSignIn {
  readonly plan: SignInPlan
  readonly binding: Binding
  readonly fallbacks: readonly AppliedFallback[]
}

/** A client that was registered in this period is not checked again. */
const newClientSeconds = 60

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
    const refusal = needsPreflight(context, plan, fallbacks)
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
  binding: Binding,
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
): Promise<{ readonly plan: SignInPlan; readonly binding: Binding }> {
  const { discovery, request, redirectUri, preferences, keptScope, fallbacks } = sources
  const { authorizationServer } = discovery
  const { serverUrl, partition, client, clock } = context
  const current = await grants.load()
  const grant = await current?.manager.read()
  const refused =
    grant?.ended?.reason === 'registration-ended' ? grant.identity.clientId : undefined
  const previous = current?.binding.registration
  const { registration, isStored } = await registrationFor(
    authorizationServer,
    redirectUri,
    { previous, refused },
    context,
  )
  // Scope that another authorization server granted does not apply to this one.
  const isSameServer =
    current !== undefined &&
    isSameIssuer(current.binding.authorizationServer.issuer, registration.issuer)
  const wasRefused = isSameServer && current.binding.promptRefused === true
  const plan = await planSignIn({
    discovery,
    challenge: request.challenge,
    client,
    registration,
    clientIsNew: !isStored,
    profile: context.profileOf(authorizationServer.issuer),
    redirectUri,
    preferences,
    grant: isSameServer ? grant : undefined,
    keptScope,
    fallbacks,
    promptRefused: wasRefused,
    clock,
  })
  const assumptions = [...discovery.assumptions, ...plan.request.assumptions]
  const promptRefused = wasRefused || wasUsed(fallbacks, 'without-prompt')
  const binding: Binding = {
    serverUrl,
    partition,
    resource: discovery.resource,
    authorizationServer,
    registration,
    ...(discovery.namedIssuer === undefined ? {} : { namedIssuer: discovery.namedIssuer }),
    ...(promptRefused ? { promptRefused: true } : {}),
    ...(assumptions.length === 0 ? {} : { assumptions }),
  }
  if (!isStored) {
    const isRefused = refused !== undefined || wasUsed(fallbacks, 'register-again')
    reportRegistration(context, binding, isRefused ? 'client-refused' : request.registerAgain)
  }
  return { plan, binding }
}

function reportRegistration(
  { observe }: SessionContext,
  binding: Binding,
  why: 'client-refused' | boolean | undefined,
): void {
  if (why === undefined || why === false) return
  const reason = why === true ? 'requested' : why
  observe({ ...aboutGrant(identityOf(binding)), type: 'client-registered-again', reason })
}

/**
 * A server can forget a client that registered itself. Only such a client can be replaced, so only such
 * a client is checked. A new one is checked only if its scope is in doubt: the server registered too
 * little, or refused it before.
 */
function needsPreflight(
  { clock }: SessionContext,
  { registration, clientIsNew, decision }: SignInPlan,
  fallbacks: readonly AppliedFallback[],
): boolean {
  if (registration.origin !== 'dynamic') return false
  if (wasUsed(fallbacks, 'register-with-scope')) return true
  if (lacksScope(registration, decision.scope)) return true
  const registeredAt = registration.registeredAtEpochSeconds ?? Number.NEGATIVE_INFINITY
  return !clientIsNew && clock.nowEpochSeconds() - registeredAt > newClientSeconds
}

function lacksScope({ scope }: ClientRegistration, requested: string | undefined): boolean {
  if (scope === undefined || requested === undefined) return false
  return missingScopes(readScope(requested).tokens, readScope(scope).tokens).length > 0
}
