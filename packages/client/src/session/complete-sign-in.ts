import type { BearerChallenge } from '@evergrant/core'
import { namingGuesses } from '../lib/assumption.ts'
import type { CompletedAuthorization } from '../protocol/authorization-response.ts'
import { completeBoundAuthorization } from './bound-authorization.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { StoredSignIn } from './sign-in-records.ts'
import type { RedirectSignIns } from './redirect-sign-ins.ts'
import { saveSignIn } from './save-sign-in.ts'
import type { SessionContext } from './session-context.ts'
import type { SignInResult } from './sign-in-api.ts'
import { applyFallback, refusalOf, withFallbacks } from './sign-in-fallbacks.ts'

/** Starts the next request of a sign-in. Absent if this session cannot start one. */
type StartAgain = ((challenge: BearerChallenge | undefined) => Promise<SignInResult>) | undefined

/**
 * Finishes a sign-in of the redirect form. If the server refused the request and another one can help,
 * the next request starts at once.
 *
 * @throws EvergrantClientError `SIGN_IN_REQUIRED` with the next authorization URL, or the refusal
 */
export async function completeRedirectSignIn(
  context: SessionContext,
  grants: CurrentGrant,
  redirects: RedirectSignIns,
  callbackUrl: string,
  startAgain: StartAgain,
): Promise<SignInResult> {
  const signIn = await redirects.take(callbackUrl)
  const { binding, pending, noRefreshTokenReason, fallbacks } = signIn
  let authorization: CompletedAuthorization
  try {
    authorization = await completeBoundAuthorization(context, binding, pending, callbackUrl)
  } catch (error) {
    await leaveOutRefused(context, redirects, signIn, error)
    if (startAgain === undefined) throw error
    return await startAgain(signIn.challenge)
  }
  const result = await saveSignIn(context, grants, {
    binding,
    authorization,
    requestedScope: pending.scope,
    noRefreshTokenReason,
    fallbacks,
  })
  await redirects.finished(pending.state)
  return result
}

/** Lets the next request leave out what the server refused. Throws if no other request can help. */
async function leaveOutRefused(
  context: SessionContext,
  redirects: RedirectSignIns,
  { pending, binding, fallbacks, clientIsNew, authorizationUrl }: StoredSignIn,
  error: unknown,
): Promise<void> {
  const refusal = refusalOf(error)
  const prompt = new URL(authorizationUrl).searchParams.get('prompt') ?? undefined
  const { redirectUri, scope, state } = pending
  const refused = { binding, redirectUri, scope, prompt, clientIsNew }
  const next = refusal && (await applyFallback(context, refused, refusal, fallbacks))
  if (next !== undefined) {
    await redirects.refused(state, next)
    return
  }
  // A server that cannot be reached has refused nothing, so the next request is the same.
  if (refusal !== undefined) await redirects.finished(state)
  throw namingGuesses(withFallbacks(error, fallbacks), binding.assumptions)
}
