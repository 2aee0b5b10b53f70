import { checkScopes } from '../scope/check-scopes.ts'
import type { CheckedScopes } from '../scope/check-scopes.ts'
import type { ScopeHierarchy } from '../scope/scopes.ts'
import { RememberedToken } from '../token/remembered-token.ts'
import type { VerifiedAccessToken } from '../token/verification.ts'
import type { AccessDecision } from './decision.ts'
import { refuse } from './refuse.ts'
import type { ChallengeSource } from './refuse.ts'

/**
 * Creates the decision about the scopes of verified tokens. The scopes that a remembered token grants are
 * computed once.
 */
export function scopeDecider(
  hierarchy: ScopeHierarchy,
  challenges: ChallengeSource,
): (token: VerifiedAccessToken, requiredScopes: readonly string[]) => AccessDecision {
  function decide(token: VerifiedAccessToken, checked: CheckedScopes): AccessDecision {
    const { required, warnings } = checked
    const granted = RememberedToken.grantedBy(token, hierarchy) ?? hierarchy.expand(token.scopes)
    const missingScopes = required.filter((scope) => !granted.includes(scope))
    const isSufficient = missingScopes.length === 0
    RememberedToken.memorize(token, {
      owner: hierarchy,
      granted,
      // Computed scopes are another list in each request.
      sufficientFor: isSufficient && checked.source !== undefined ? checked : undefined,
    })
    if (isSufficient) return grant(token, checked)
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
