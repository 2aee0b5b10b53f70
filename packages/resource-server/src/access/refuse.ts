import { formatBearerChallenge } from '@evergrant/core'
import { refusalAnswers } from './decision.ts'
import type { AccessRefused, AccessWarning, RefusalReason } from './decision.ts'

/**
 * Builds the refusal of one request with its challenge.
 *
 * @param scopes - What the challenge names.
 * @see RFC 6750 §3
 */
export function refuse(
  metadataUrl: string,
  reason: RefusalReason,
  scopes: readonly string[],
  warnings: readonly AccessWarning[],
): AccessRefused {
  const { status, error, description } = refusalAnswers[reason]
  // All scopes of the operation, also in a 403: one missing scope after another would send the
  // user through as many sign-ins. A malformed request is not cured by any scope.
  const scope = status === 400 || scopes.length === 0 ? {} : { scope: scopes }
  const challenge =
    status === 503
      ? undefined
      : formatBearerChallenge({
          scheme: 'Bearer',
          ...(error === undefined ? {} : { error, error_description: description }),
          ...scope,
          resource_metadata: metadataUrl,
        })
  return {
    allowed: false,
    reason,
    status,
    error,
    description,
    requiredScopes: scopes,
    missingScopes: [],
    challenge,
    warnings,
  }
}
