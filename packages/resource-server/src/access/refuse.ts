import { formatBearerChallenge } from '@evergrant/core'
import type { TokenScheme } from './credentials.ts'
import { refusalAnswers } from './decision.ts'
import type { AccessWarning } from '../scope/check-scopes.ts'
import type { AccessRefused, RefusalReason } from './decision.ts'

/** What every challenge of a resource contains. */
export interface ChallengeSource {
  readonly metadataUrl: string
  /** The schemes that the resource accepts, the preferred one first. */
  readonly schemes: readonly TokenScheme[]
  /** The algorithms of DPoP proofs. */
  readonly proofAlgorithms: readonly string[]
}

/** What a refusal is about. */
export interface RefusedRequest {
  readonly reason: RefusalReason
  /** The scopes of the challenge. */
  readonly scopes: readonly string[]
  readonly warnings: readonly AccessWarning[]
  /** The scheme of the request's credentials, if they have one. */
  readonly scheme: TokenScheme | undefined
}

/**
 * Creates the refusal of a request with its challenge.
 *
 * @see RFC 6750 §3, RFC 9449 §7.1
 */
export function refuse(source: ChallengeSource, request: RefusedRequest): AccessRefused {
  const { status, error, description } = refusalAnswers[request.reason]
  return {
    allowed: false,
    reason: request.reason,
    status,
    error,
    description,
    requiredScopes: request.scopes,
    missingScopes: [],
    challenge: status === 503 ? undefined : challengeOf(source, request),
    warnings: request.warnings,
  }
}

/**
 * One challenge for each scheme of the resource. If the request had credentials, only their scheme gets the
 * error. The error of a proof gets the DPoP challenge alone: a bearer token would not help.
 */
function challengeOf(source: ChallengeSource, request: RefusedRequest): string {
  const { scheme } = request
  const offered =
    scheme === 'DPoP' && source.schemes.includes('DPoP') ? (['DPoP'] as const) : source.schemes
  return offered.map((one) => schemeChallenge(one, source, request)).join(', ')
}

function schemeChallenge(
  scheme: TokenScheme,
  { metadataUrl, proofAlgorithms }: ChallengeSource,
  { reason, scopes, scheme: usedScheme }: RefusedRequest,
): string {
  const { status, error, description } = refusalAnswers[reason]
  const isAboutScheme = usedScheme === undefined || usedScheme === scheme
  return formatBearerChallenge({
    scheme,
    ...(error === undefined || !isAboutScheme ? {} : { error, error_description: description }),
    // Name all scopes of the operation, also in a 403. Otherwise, each missing scope would cost the
    // user a sign-in. For a malformed request, no scope helps.
    ...(status === 400 || scopes.length === 0 ? {} : { scope: scopes }),
    resource_metadata: metadataUrl,
    ...(scheme === 'DPoP' ? { algs: proofAlgorithms } : {}),
  })
}
