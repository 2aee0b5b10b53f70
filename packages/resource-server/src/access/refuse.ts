import { formatBearerChallenge } from '@evergrant/core'
import { refusalAnswers } from './decision.ts'
import type { AccessRefused, AccessWarning, RefusalReason } from './decision.ts'

/**
 * Creates the refusal of a request with its challenge.
 *
 * @param scopes - The scopes of the challenge.
 * @see RFC 6750 §3
 */
export function refuse(
  metadataUrl: string,
  reason: RefusalReason,
  scopes: readonly string[],
  warnings: readonly AccessWarning[],
): AccessRefused {
  const { status, error, description } = refusalAnswers[reason]
  // Name all scopes of the operation, also in a 403. Otherwise, each missing scope would cost the
  // user a sign-in. For a malformed request, no scope helps.
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
