import type { SignInReason } from '../lib/errors.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import type { GrantEnd } from './grant.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'
import { followsSameRefusal } from './refresh-refusal.ts'

/** Outcomes that need the user to sign in, or a change of the configuration. */
type FinalOutcome = Extract<
  RefreshOutcome,
  { kind: 'needs-reauth' | 'signed-out' | 'absent' | 'no-refresh-token' | 'refused' }
>

/** The error for a caller whose token has expired while a refresh is not possible now. */
export function notNow(
  outcome: Extract<RefreshOutcome, { kind: 'not-now' }>,
): EvergrantClientError {
  const detail = withoutFullStop(outcome.detail)
  if (outcome.because === 'store-unwritable') {
    return new EvergrantClientError(
      'TOKEN_STORE_WRITE_FAILED',
      `The access token has expired and was not refreshed: ${detail}. Check the disk space and permissions of the store, then repeat the call. The refresh token is kept.`,
      { cause: outcome.cause },
    )
  }
  if (outcome.because === 'lock-unavailable') {
    return new EvergrantClientError(
      'TOKEN_STORE_UNAVAILABLE',
      `The access token has expired and was not refreshed: ${detail}. Use a store that can lock, then repeat the call. The refresh token is kept.`,
      { cause: outcome.cause },
    )
  }
  return new EvergrantClientError(
    'TEMPORARILY_UNAVAILABLE',
    `The access token has expired and cannot be refreshed now: ${detail}. Repeat the call later. The refresh token is kept. If the error stays, the user can sign in again: signIn({ force: true }), or evergrant login.`,
    { retryAfterSeconds: outcome.retryAfterSeconds, cause: outcome.cause },
  )
}

/** The error for a caller whose token has expired while only a sign-in brings the next one. */
export function signInRequired(outcome: FinalOutcome): EvergrantClientError {
  if (outcome.kind === 'refused') return refusedError(outcome)
  const [signInReason, why] = signInReasonOf(outcome)
  const ended = outcome.kind === 'needs-reauth' ? outcome.stored.grant.ended : undefined
  const detail = ended?.detail === undefined ? '' : ` ${withoutFullStop(ended.detail)}.`
  return new EvergrantClientError('SIGN_IN_REQUIRED', `The user must sign in: ${why}.${detail}`, {
    signInReason,
    oauthError: ended?.oauthError,
  })
}

/** A refused refresh leads to one sign-in. If the same refusal follows, it is an error (C-59). */
function refusedError({
  stored,
  refusal,
}: Extract<FinalOutcome, { kind: 'refused' }>): EvergrantClientError {
  const { oauthError } = refusal
  const detail = withoutFullStop(refusal.detail)
  if (followsSameRefusal(stored.grant, refusal)) {
    return new EvergrantClientError(
      'TOKEN_REQUEST_REFUSED',
      `The authorization server ${quote(stored.grant.identity.issuer)} refuses to refresh the access token, and the last sign-in did not change that: ${detail}. Ask its operator whether this client may use refresh tokens for the resource ${quote(stored.grant.identity.resource)}. A forced sign-in (signIn({ force: true }), or evergrant login on the command line) brings one more access token.`,
      { oauthError },
    )
  }
  return new EvergrantClientError(
    'SIGN_IN_REQUIRED',
    `The user must sign in: the access token cannot be used any longer, and the authorization server refused to refresh it. ${detail}.`,
    { signInReason: 'refresh-refused', oauthError },
  )
}

/** Explanations end with a full stop; here they are part of a sentence. */
function withoutFullStop(detail: string): string {
  return detail.replace(/\.$/, '')
}

function signInReasonOf(
  outcome: Exclude<FinalOutcome, { kind: 'refused' }>,
): readonly [SignInReason, string] {
  return outcome.kind === 'needs-reauth'
    ? endReasons[outcome.stored.grant.ended?.reason ?? 'refused']
    : reasons[outcome.kind]
}

const reasons: Readonly<
  Record<'absent' | 'signed-out' | 'no-refresh-token', readonly [SignInReason, string]>
> = {
  absent: ['never-signed-in', 'no sign-in is stored'],
  'signed-out': ['signed-out', 'the user signed out'],
  'no-refresh-token': [
    'no-refresh-token',
    'the access token has expired, and the authorization server issued no refresh token',
  ],
}

const endReasons: Readonly<Record<GrantEnd['reason'], readonly [SignInReason, string]>> = {
  refused: ['grant-ended', 'the authorization server ended the grant: it expired or was revoked'],
  'lost-response': [
    'lost-response',
    'the response to a refresh was lost, and this authorization server accepts no superseded refresh token (a server with successor grace accepts one for a short time)',
  ],
  'registration-ended': [
    'registration-ended',
    'the authorization server no longer accepts this client registration',
  ],
}
