import { explainMissingRefreshToken } from '@evergrant/core'
import { EvergrantClientError } from '../lib/errors.ts'
import { completeAuthorization } from '../protocol/authorization-response.ts'
import type { Discovery } from '../protocol/discovery.ts'
import type { CurrentGrant } from './current-grant.ts'
import { newBinding, prepareSignIn } from './prepare-sign-in.ts'
import { assertWritable, registrationRecord } from './records.ts'
import { saveSignIn } from './save-sign-in.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInOptions, SignInResult } from './sign-in-api.ts'
import type { InteractiveSignIn } from './sign-in-method.ts'
import type { SignInPlan, SignInPreferences } from './sign-in-plan.ts'

/** What an interactive sign-in needs in addition to the session. */
export interface InteractiveSignInInput {
  readonly method: InteractiveSignIn
  readonly discovery: Discovery
  readonly request: SignInOptions
  readonly preferences: SignInPreferences
}

/**
 * Opens the authorization page, waits for the response, and saves the tokens. Some servers list
 * `offline_access` and refuse it to this client. Then a second request omits it: a sign-in without
 * a refresh token is better than none, and the result says so.
 */
export async function signInInteractively(
  context: SessionContext,
  grants: CurrentGrant,
  input: InteractiveSignInInput,
): Promise<SignInResult> {
  const result = await openPage(context, grants, input)
  if (result !== 'offline-access-refused') return result
  const preferences = { ...input.preferences, wantsRefreshToken: false }
  const second = await openPage(context, grants, { ...input, preferences })
  if (second !== 'offline-access-refused') return second
  throw new EvergrantClientError(
    'SIGN_IN_FAILED',
    'The authorization server refuses the requested scope, with offline_access and without. Ask its operator which scope this client may request.',
    { oauthError: 'invalid_scope' },
  )
}

async function openPage(
  context: SessionContext,
  grants: CurrentGrant,
  { method, discovery, request, preferences }: InteractiveSignInInput,
): Promise<SignInResult | 'offline-access-refused'> {
  const { store, partition, serverUrl, client } = context
  const { authorizationServer } = discovery
  const record = await registrationRecord(store, authorizationServer.issuer, client.name)
  const { value: registered } = await record.read()
  // Fail before the user signs in, if the tokens could not be saved.
  await assertWritable(store, partition, serverUrl)
  const prepared = await method.prepare(registered?.redirectUri)
  let offlineAccessSent = false
  try {
    const { redirectUri } = prepared
    const sources = { discovery, request, redirectUri, preferences }
    const plan = await prepareSignIn(context, grants, sources)
    // Do not open a page if no caller waits for it.
    request.signal?.throwIfAborted()
    offlineAccessSent = ['added', 'already-present'].includes(plan.decision.offlineAccess)
    const callbackUrl = await prepared.authorize(plan.request.authorizationUrl, request.signal)
    const { pending } = plan.request
    const authorization = await completeAuthorization(callbackUrl, pending, {
      ...context.http,
      authorizationServer,
      registration: plan.registration,
      profile: plan.profile,
      clock: context.clock,
      dpop: context.dpop,
      trustedIssuer: context.trustedIssuer,
    })
    const result = await saveSignIn(context, grants, {
      binding: newBinding(context, discovery, plan),
      authorization,
      requestedScope: pending.scope,
      noRefreshTokenReason: explainMissingRefreshToken(plan.decision),
    })
    return { ...result, decision: plan.decision, warnings: warningsOf(discovery, plan) }
  } catch (error) {
    if (isRefusalOfOfflineAccess(error, offlineAccessSent)) return 'offline-access-refused'
    throw error
  } finally {
    await prepared.close()
  }
}

function isRefusalOfOfflineAccess(error: unknown, offlineAccessSent: boolean): boolean {
  return offlineAccessSent && EvergrantClientError.is(error) && error.oauthError === 'invalid_scope'
}

function warningsOf(discovery: Discovery, plan: SignInPlan): readonly string[] {
  return [
    ...discovery.warnings.map(({ message }) => message),
    ...plan.decision.warnings.map(({ message }) => message),
  ]
}
