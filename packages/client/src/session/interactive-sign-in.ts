import type { AppliedFallback } from '@evergrant/core/authorization'
import { explainMissingRefreshToken } from '@evergrant/core'
import { EvergrantClientError, quote, withNote } from '../lib/errors.ts'
import type { Discovery } from '../protocol/discovery.ts'
import type { ClientRegistration } from '../protocol/registration.ts'
import { completeBoundAuthorization } from './bound-authorization.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { PlannedSignIn } from './prepare-sign-in.ts'
import { prepareSignIn, refusedRequestOf } from './prepare-sign-in.ts'
import { assertWritable, registrationRecord } from './sign-in-records.ts'
import { saveSignIn } from './save-sign-in.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'
import { applyFallback, refusalOf, withFallbacks } from './sign-in-fallbacks.ts'
import type { InteractiveSignIn, PreparedSignIn } from './sign-in-method.ts'
import type { SignInPlan, SignInPreferences } from './sign-in-plan.ts'

/** What an interactive sign-in needs in addition to the session. */
export interface InteractiveSignInInput {
  readonly method: InteractiveSignIn
  readonly discovery: Discovery
  readonly request: SignInOptions
  readonly preferences: SignInPreferences
}

/** The result of one authorization page: the sign-in, or the fallbacks for the next page. */
type PageOutcome =
  | { readonly result: SignInResult }
  | { readonly fallbacks: readonly AppliedFallback[] }

/**
 * Opens the authorization page, waits for the response, and saves the tokens. If the server refuses the
 * request, at most one further page follows for each fallback of `decideSignInFallback`.
 */
export async function signInInteractively(
  context: SessionContext,
  grants: CurrentGrant,
  input: InteractiveSignInInput,
): Promise<SignInResult> {
  let fallbacks: readonly AppliedFallback[] = []
  for (;;) {
    const outcome = await openPage(context, grants, input, fallbacks)
    if ('result' in outcome) return outcome.result
    fallbacks = outcome.fallbacks
  }
}

async function openPage(
  context: SessionContext,
  grants: CurrentGrant,
  input: InteractiveSignInInput,
  before: readonly AppliedFallback[],
): Promise<PageOutcome> {
  const { method, discovery, request, preferences } = input
  const { store, partition, serverUrl, client } = context
  const { authorizationServer } = discovery
  const record = await registrationRecord(store, authorizationServer.issuer, client.name)
  const { value: registered } = await record.read()
  // Fail before the user signs in, if the tokens could not be saved.
  await assertWritable(store, partition, serverUrl)
  const prepared = await method.prepare(registered?.redirectUri)
  let planned: PlannedSignIn | undefined
  try {
    const { redirectUri } = prepared
    const sources = { discovery, request, redirectUri, preferences, fallbacks: before }
    planned = await prepareSignIn(context, grants, sources)
    // Do not open a page if no caller waits for it.
    request.signal?.throwIfAborted()
    const result = await finishPage(context, grants, planned, prepared, request.signal)
    return { result: { ...result, warnings: warningsOf(discovery, planned.plan, request) } }
  } catch (error) {
    const refusal = refusalOf(error)
    const fallbacks = planned?.fallbacks ?? before
    const next =
      planned !== undefined && refusal !== undefined
        ? await applyFallback(
            context,
            refusedRequestOf(planned.plan, planned.binding),
            refusal,
            fallbacks,
          )
        : undefined
    if (next === undefined) throw withFallbacks(error, fallbacks)
    return { fallbacks: next }
  } finally {
    await prepared.close()
  }
}

async function finishPage(
  context: SessionContext,
  grants: CurrentGrant,
  { plan, binding, fallbacks }: PlannedSignIn,
  prepared: PreparedSignIn,
  signal: AbortSignal | undefined,
): Promise<SignInResult> {
  const { request, registration, decision } = plan
  const { pending, authorizationUrl } = request
  let callbackUrl: string
  try {
    callbackUrl = await prepared.authorize(authorizationUrl, signal)
  } catch (error) {
    throw withAdvice(error, registration)
  }
  const authorization = await completeBoundAuthorization(context, binding, pending, callbackUrl)
  const result = await saveSignIn(context, grants, {
    binding,
    authorization,
    requestedScope: pending.scope,
    noRefreshTokenReason: explainMissingRefreshToken(decision),
    fallbacks,
  })
  return { ...result, decision }
}

/**
 * A sign-in that did not come back may have ended on an error page in the browser, which this program
 * cannot see. The usual cause is a client that the server does not know.
 */
function withAdvice(error: unknown, { origin, clientId }: ClientRegistration): unknown {
  if (!EvergrantClientError.is(error) || error.code !== 'SIGN_IN_FAILED') return error
  const client = `the client ${quote(clientId)}`
  const advice =
    origin === 'dynamic'
      ? `The authorization server may have forgotten ${client}: if the browser shows an error about the client, register it again with signIn({ registerAgain: true }), or evergrant login --register-again.`
      : `If the browser shows an error about the client, check that the authorization server knows ${client} and its redirect URI.`
  return withNote(error, advice)
}

function warningsOf(
  discovery: Discovery,
  plan: SignInPlan,
  { registerAgain }: SignInOptions,
): readonly string[] {
  const { origin, clientId } = plan.registration
  return [
    ...discovery.warnings.map(({ message }) => message),
    ...plan.decision.warnings.map(({ message }) => message),
    ...(registerAgain === true && origin !== 'dynamic'
      ? [`The client ${quote(clientId)} did not register itself, so it is not registered again`]
      : []),
  ]
}
