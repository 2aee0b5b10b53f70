import type { SignInReason } from '../lib/errors.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { GrantEnd } from './grant.ts'
import type { RefreshOutcome } from './refresh-outcome.ts'

/** Outcomes that a person, at the browser or in the configuration, has to deal with. */
type FinalOutcome = Extract<
  RefreshOutcome,
  { kind: 'ended' | 'signed-out' | 'absent' | 'no-refresh-token' | 'refused' }
>

/** The error for a caller whose token is used up while a refresh is not possible right now. */
export function notNow(
  outcome: Extract<RefreshOutcome, { kind: 'not-now' }>,
): EvergrantClientError {
  const detail = withoutFullStop(outcome.detail)
  if (outcome.because === 'store-unwritable') {
    return new EvergrantClientError(
      'TOKEN_STORE_WRITE_FAILED',
      `The access token has expired and was not refreshed: ${detail}. Check the store's disk space and permissions, then repeat the call; the sign-in is intact.`,
      { cause: outcome.cause },
    )
  }
  if (outcome.because === 'lock-unavailable') {
    return new EvergrantClientError(
      'TOKEN_STORE_UNAVAILABLE',
      `The access token has expired and was not refreshed: ${detail}. Use a store that can lock, then repeat the call; the sign-in is intact.`,
      { cause: outcome.cause },
    )
  }
  return new EvergrantClientError(
    'TEMPORARILY_UNAVAILABLE',
    `The access token has expired and could not be refreshed now: ${detail}. The sign-in is intact; repeat the call later.`,
    { retryAfterSeconds: outcome.retryAfterSeconds, cause: outcome.cause },
  )
}

/** The error for a caller whose token is used up while only a person can bring the next one. */
export function signInRequired(outcome: FinalOutcome): EvergrantClientError {
  if (outcome.kind === 'refused') {
    return new EvergrantClientError(
      'TOKEN_REQUEST_REFUSED',
      `The authorization server refuses the refresh request: ${withoutFullStop(outcome.detail)}. Signing in again would not change that: check resource, scope and client configuration. The refresh token is kept.`,
      { oauthError: outcome.oauthError },
    )
  }
  const [signInReason, why] = signInReasonOf(outcome)
  return new EvergrantClientError('SIGN_IN_REQUIRED', `A person has to sign in: ${why}.`, {
    signInReason,
    oauthError: outcome.kind === 'ended' ? outcome.stored.grant.ended?.oauthError : undefined,
  })
}

/** Explanations end like sentences; here they are part of one. */
function withoutFullStop(detail: string): string {
  return detail.replace(/\.$/, '')
}

function signInReasonOf(
  outcome: Exclude<FinalOutcome, { kind: 'refused' }>,
): readonly [SignInReason, string] {
  return outcome.kind === 'ended'
    ? endReasons[outcome.stored.grant.ended?.reason ?? 'refused']
    : reasons[outcome.kind]
}

const reasons: Readonly<
  Record<'absent' | 'signed-out' | 'no-refresh-token', readonly [SignInReason, string]>
> = {
  absent: ['never-signed-in', 'nobody has signed in here yet'],
  'signed-out': ['signed-out', 'the last sign-in was ended by signing out'],
  'no-refresh-token': [
    'no-refresh-token',
    'the access token is used up, and the authorization server issued no refresh token with it',
  ],
}

const endReasons: Readonly<Record<GrantEnd['reason'], readonly [SignInReason, string]>> = {
  refused: ['grant-ended', 'the authorization server ended the grant: it expired or was revoked'],
  'lost-response': [
    'lost-response',
    'the answer to a refresh was lost on the way, and this authorization server accepts no superseded refresh token; a server with a grace period for rotation would have forgiven it',
  ],
  'registration-ended': [
    'registration-ended',
    'the authorization server no longer accepts this client registration',
  ],
}
