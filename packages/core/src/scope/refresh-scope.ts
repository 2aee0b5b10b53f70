import { missingScopes, readScope } from './scope.ts'

/** What to send as `scope` of a refresh request, and whether a refresh is enough. */
export interface RefreshScopeDecision {
  /** Value for the parameter; `undefined` means: leave it out, which asks for all that was granted. */
  readonly scope: string | undefined
  /** What is wanted and only authorization can give; a refresh alone is enough where it is empty. */
  readonly needsAuthorization: readonly string[]
  readonly reason: 'unchanged-by-omission' | 'granted-by-option' | 'nothing-known'
}

/** Options of {@link decideRefreshScope}. */
export interface DecideRefreshScopeOptions {
  /** `omit` by default; `granted` for a server that wants the scope repeated. */
  readonly send?: 'omit' | 'granted' | undefined
}

/**
 * Decides about `scope` on a refresh request. It never widens: what the grant does not hold is not
 * asked for, and comes back as `needsAuthorization`.
 *
 * @param granted - The scope in force, as the wire writes it.
 * @param wanted - The scope an operation needs.
 * @see RFC 6749 §6
 */
export function decideRefreshScope(
  granted: string | undefined,
  wanted: string | undefined,
  options: DecideRefreshScopeOptions = {},
): RefreshScopeDecision {
  const held = readScope(granted).tokens
  // With no scope known, nothing says that a token is missing: the resource server will.
  const needsAuthorization =
    granted === undefined ? [] : missingScopes(readScope(wanted).tokens, held)
  if (options.send !== 'granted') {
    return { scope: undefined, needsAuthorization, reason: 'unchanged-by-omission' }
  }
  return held.length === 0
    ? { scope: undefined, needsAuthorization, reason: 'nothing-known' }
    : { scope: held.join(' '), needsAuthorization, reason: 'granted-by-option' }
}
