import type { ProofVerifier } from '../dpop/verify-proof.ts'
import { ResourceServerError } from '../lib/errors.ts'
import { isPromise, whenKnown } from '../lib/maybe-promise.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import { optionFailed } from '../lib/option-failed.ts'
import type { CheckedScopes } from '../scope/check-scopes.ts'
import { failurePauseSeconds } from '../token/failure-memory.ts'
import type { TokenVerdict, VerifiedAccessToken } from '../token/verification.ts'
import type { VerifiedTokens } from '../token/verified-tokens.ts'
import { headerLines, readCredentials } from './credentials.ts'
import type { AccessRequest, Credentials, TokenScheme } from './credentials.ts'
import type { AccessRefused, AuthenticationDecision, RefusalReason } from './decision.ts'
import type { ResourceServerOptions } from './options.ts'
import { refuse } from './refuse.ts'
import type { ChallengeSource } from './refuse.ts'

/** What a request is authenticated with. */
export interface AuthenticationMeans {
  readonly tokens: VerifiedTokens
  /** `undefined` if tokens that are bound to a key are refused. */
  readonly proofs: ProofVerifier | undefined
  readonly isDenied: ResourceServerOptions['isDenied']
  readonly challenges: ChallengeSource
}

type TokenCredentials = Extract<Credentials, { readonly kind: 'token' }>

/**
 * Decides whether a request has a valid access token, and a proof if the token is bound to a key.
 *
 * @param challenged - The scopes of the challenge if there is no valid token.
 * @returns The decision, at once for a bearer token that is remembered. A promise does not reject.
 */
export function authenticate(
  means: AuthenticationMeans,
  request: AccessRequest,
  challenged: CheckedScopes,
): MaybePromise<AuthenticationDecision> {
  const { proofs } = means
  const credentials = readCredentials(request)
  if (credentials.kind !== 'token') {
    return rejected(refusal(means, credentialReasons[credentials.kind], challenged, undefined))
  }
  const { scheme } = credentials
  const no = (reason: RefusalReason): AuthenticationDecision =>
    rejected(refusal(means, reason, challenged, scheme))
  if (scheme === 'DPoP' && proofs === undefined) {
    return rejected(refusal(means, 'unsupported-scheme', challenged, undefined))
  }
  return whenKnown(means.tokens.verify(credentials.token), (verdict) => {
    if (verdict.valid !== true) return rejected(refusalOf(means, verdict, challenged, scheme))
    const { token } = verdict
    const { keyThumbprint } = token
    if (scheme === 'Bearer') {
      if (keyThumbprint !== undefined) return no('token-sender-constrained')
      if (proofs?.isRequired === true) return no('token-not-bound')
      return unlessDenied(means, token, challenged, scheme)
    }
    if (proofs === undefined || keyThumbprint === undefined) return no('token-not-bound')
    const proven = { proofs, keyThumbprint, token }
    return proveAndAccept(means, request, credentials, proven, challenged)
  })
}

/**
 * The token of the usual request: one `Authorization` line in the usual spelling, no query, and a bearer token
 * that is remembered. All other requests need {@link authenticate}, which returns the same decision.
 */
export function rememberedToken(
  { tokens, proofs, isDenied }: AuthenticationMeans,
  authorization: AccessRequest['authorization'],
  url: string,
): VerifiedAccessToken | undefined {
  if (isDenied !== undefined || proofs?.isRequired === true) return undefined
  if (typeof authorization !== 'string' || url.includes('?')) return undefined
  return tokens.recall(authorization)
}

interface BoundToken {
  readonly proofs: ProofVerifier
  readonly keyThumbprint: string
  readonly token: VerifiedAccessToken
}

async function proveAndAccept(
  means: AuthenticationMeans,
  request: AccessRequest,
  credentials: TokenCredentials,
  { proofs, keyThumbprint, token }: BoundToken,
  challenged: CheckedScopes,
): Promise<AuthenticationDecision> {
  const { scheme } = credentials
  try {
    const { refusal: reason, nonce } = await proofs.verify({
      method: request.method ?? '',
      url: request.url,
      proofs: headerLines(request.dpop),
      token: credentials.token,
      keyThumbprint,
    })
    const withNonce = nonce === undefined ? {} : { dpopNonce: nonce }
    if (reason !== undefined) {
      return rejected({ ...refusal(means, reason, challenged, scheme), ...withNonce })
    }
    const decision = await unlessDenied(means, token, challenged, scheme)
    return decision.authenticated ? { ...decision, ...withNonce } : decision
  } catch (cause) {
    return rejected(
      unavailable(
        means,
        ResourceServerError.is(cause) ? cause : optionFailed('dpop', cause),
        challenged,
      ),
    )
  }
}

function unlessDenied(
  means: AuthenticationMeans,
  token: VerifiedAccessToken,
  challenged: CheckedScopes,
  scheme: TokenScheme,
): MaybePromise<AuthenticationDecision> {
  const { isDenied } = means
  if (isDenied === undefined) return { authenticated: true, token }
  const decide = (denied: unknown): AuthenticationDecision => {
    // Plain JavaScript may return something else, such as the result of a query. It must not count as no.
    if (typeof denied !== 'boolean') return fail(new Error(`it returned ${typeof denied}`))
    return denied
      ? rejected(refusal(means, 'token-denied', challenged, scheme))
      : { authenticated: true, token }
  }
  const fail = (cause: unknown): AuthenticationDecision =>
    rejected(unavailable(means, optionFailed('isDenied', cause), challenged))
  try {
    const denied = isDenied(token)
    return isPromise(denied) ? denied.then(decide, fail) : decide(denied)
  } catch (error) {
    return fail(error)
  }
}

function refusal(
  means: AuthenticationMeans,
  reason: RefusalReason,
  { required: scopes, warnings }: CheckedScopes,
  scheme: TokenScheme | undefined,
): AccessRefused {
  return refuse(means.challenges, { reason, scopes, warnings, scheme })
}

function refusalOf(
  means: AuthenticationMeans,
  verdict: Exclude<TokenVerdict, { readonly valid: true }>,
  challenged: CheckedScopes,
  scheme: TokenScheme,
): AccessRefused {
  return verdict.valid === undefined
    ? unavailable(means, verdict.error, challenged)
    : refusal(means, verdict.reason, challenged, scheme)
}

function unavailable(
  means: AuthenticationMeans,
  cause: ResourceServerError,
  challenged: CheckedScopes,
): AccessRefused {
  return {
    ...refusal(means, 'verification-unavailable', challenged, undefined),
    retryAfterSeconds: cause.retryAfterSeconds ?? failurePauseSeconds,
    cause,
  }
}

function rejected(refused: AccessRefused): AuthenticationDecision {
  return { authenticated: false, refusal: refused }
}

const credentialReasons = {
  none: 'no-credentials',
  'other-scheme': 'unsupported-scheme',
  several: 'several-credentials',
  'in-query': 'token-in-query',
  malformed: 'malformed-credentials',
} as const
