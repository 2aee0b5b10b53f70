import type { ScopeDecision } from './negotiate-scope.ts'
import type { OfflineAccessOutcome } from './offline-access.ts'

/**
 * Puts a decision in plain words (C-10), a line for each rule with its requirement IDs, then the warnings,
 * then the result. Each line stands on one line of a terminal or list; it holds nothing secret.
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
      ? 'Result: no scope parameter is sent.'
      : `Result: scope=${JSON.stringify(decision.scope)}` +
        `${decision.prompt.prompt === undefined ? '' : `, prompt=${decision.prompt.prompt}`}.`,
  ]
}

/**
 * Says why a grant came without a refresh token, as far as the client can know. Without one the
 * access token is used until it expires, and then the user is asked again.
 *
 * @see SEP-2207 (no guarantee)
 */
export function explainMissingRefreshToken(decision: ScopeDecision): string {
  const asked = 'The authorization server was asked with offline_access'
  const reasons: Readonly<Record<OfflineAccessOutcome, string>> = {
    added:
      decision.prompt.prompt === undefined
        ? `${asked} and without prompt=consent (${decision.prompt.reason}), and issued none`
        : `${asked} and prompt=consent, and decided to issue none`,
    'already-present': `${asked}, as before, and issued none`,
    'not-wanted': 'None was asked for',
    'not-advertised':
      'The authorization server does not list offline_access, and issued none by itself',
    dropped: 'The authorization server does not list offline_access, and issued none by itself',
    'withheld-by-profile': 'This product is not asked by scope, and issued none by itself',
    'withheld-without-scope':
      'Nobody named a scope, so offline_access was not asked for (an option asks for it alone)',
  }
  return (
    `There is no refresh token. ${reasons[decision.offlineAccess]}. ` +
    'The user will be asked again when the access token expires.'
  )
}
