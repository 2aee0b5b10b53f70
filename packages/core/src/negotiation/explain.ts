import type { ScopeDecision } from './negotiate-scope.ts'
import type { OfflineAccessOutcome } from './offline-access.ts'

/**
 * Explains a decision in plain words (C-10): one line per rule with its requirement IDs, then the
 * warnings, then the result. The lines contain no line breaks and no secrets.
 */
export function explainDecision(decision: ScopeDecision): readonly string[] {
  const tagged = (text: string, ids: readonly string[]): string =>
    ids.length === 0 ? text : `${text} [${ids.join(', ')}]`
  return [
    ...decision.trace.map((entry) => tagged(entry.outcome, entry.requirements)),
    ...decision.warnings.map((warning) =>
      tagged(
        `Warning: ${warning.message}.`,
        warning.requirement === undefined ? [] : [warning.requirement],
      ),
    ),
    decision.scope === undefined
      ? 'Result: no scope parameter.'
      : `Result: scope=${JSON.stringify(decision.scope)}` +
        `${decision.prompt.prompt === undefined ? '' : `, prompt=${decision.prompt.prompt}`}.`,
  ]
}

/**
 * Explains why a grant has no refresh token, as far as the client can know. The access token is used
 * until it expires, and then the user must sign in again.
 *
 * @see SEP-2207 (no guarantee)
 */
export function explainMissingRefreshToken(decision: ScopeDecision): string {
  const requested = 'The client requested offline_access'
  const reasons: Readonly<Record<OfflineAccessOutcome, string>> = {
    added:
      decision.prompt.prompt === undefined
        ? `${requested} without prompt=consent (${decision.prompt.reason}), and the authorization server issued none`
        : `${requested} with prompt=consent, and the authorization server issued none`,
    'already-present': `${requested}, as in the previous request, and the authorization server issued none`,
    'not-wanted': 'The client did not request one, and the authorization server issued none',
    'not-advertised':
      'The authorization server does not list offline_access, so the client did not request it, and the server issued none',
    dropped:
      'The authorization server does not list offline_access, so the client did not request it, and the server issued none',
    refused:
      'The authorization server refused offline_access to this client, and issued none without it',
    'withheld-by-profile':
      'The client does not request offline_access from this product, and the product issued none',
    'withheld-without-scope':
      'No scope is known, so the client did not request offline_access (an option requests it alone), and the server issued none',
  }
  return (
    `There is no refresh token. ${reasons[decision.offlineAccess]}. ` +
    'The user must sign in again when the access token expires.'
  )
}
