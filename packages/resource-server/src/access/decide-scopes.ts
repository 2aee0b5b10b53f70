import { checkScopes } from '../scope/check-scopes.ts'
import type { CheckedScopes } from '../scope/check-scopes.ts'
import type { ScopeHierarchy } from '../scope/scopes.ts'
import { RememberedToken } from '../token/remembered-token.ts'
import type { VerifiedAccessToken } from '../token/verification.ts'
import type { AccessDecision } from './decision.ts'
import { refuse } from './refuse.ts'
import type { ChallengeSource } from './refuse.ts'

/**
 * Creates the decision about the scopes of verified tokens. Scopes that tokens grant are
 * expanded once.
 */
export function scopeDecider(
  hierarchy: ScopeHierarchy,
  challenges: ChallengeSource,
): (token: VerifiedAccessToken, requiredScopes: readonly string[]) => AccessDecision {
  // By the lists of remembered tokens, which cannot change. Tokens with the same scopes share one.
  const expanded = new WeakMap<readonly string[], readonly string[]>()

  function grantedTo({ scopes }: VerifiedAccessToken): readonly string[] {
    const known = expanded.get(scopes)
    if (known !== undefined) return known
    const granted = hierarchy.expand(scopes)
    if (Object.isFrozen(scopes)) expanded.set(scopes, granted)
    return granted
  }

  function decide(token: VerifiedAccessToken, checked: CheckedScopes): AccessDecision {
    const { required, warnings } = checked
    const granted = grantedTo(token)
    const missingScopes = required.filter((scope) => !granted.includes(scope))
    if (missingScopes.length === 0) {
      // Computed scopes are another list in each request.
      if (checked.source !== undefined) RememberedToken.noteSufficient(token, hierarchy, checked)
      return grant(token, checked)
    }
    const scheme = token.keyThumbprint === undefined ? 'Bearer' : 'DPoP'
    const reason = 'insufficient-scope'
    return { ...refuse(challenges, { reason, scopes: required, warnings, scheme }), missingScopes }
  }

  return (token, requiredScopes) => {
    const last = RememberedToken.lastSufficient(token, hierarchy, requiredScopes)
    return last === undefined ? decide(token, checkScopes(requiredScopes)) : grant(token, last)
  }
}

function grant(token: VerifiedAccessToken, { required, warnings }: CheckedScopes): AccessDecision {
  return {
    allowed: true,
    reason: 'scope-sufficient',
    token,
    requiredScopes: required,
    warnings,
  }
}
