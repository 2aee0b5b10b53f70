import type { CheckedScopes } from '../scope/check-scopes.ts'
import type { ScopeHierarchy } from '../scope/scopes.ts'
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
): (token: VerifiedAccessToken, checked: CheckedScopes) => AccessDecision {
  const grantedScopes = new WeakMap<VerifiedAccessToken, ReadonlySet<string>>()

  function grantedTo(token: VerifiedAccessToken): ReadonlySet<string> {
    const known = grantedScopes.get(token)
    if (known !== undefined) return known
    const granted = new Set(hierarchy.expand(token.scopes))
    // A token that is not frozen can change.
    if (Object.isFrozen(token)) grantedScopes.set(token, granted)
    return granted
  }

  return (token, { required, warnings }) => {
    const granted = grantedTo(token)
    if (required.every((scope) => granted.has(scope))) {
      return {
        allowed: true,
        reason: 'scope-sufficient',
        token,
        requiredScopes: required,
        warnings,
      }
    }
    const missingScopes = required.filter((scope) => !granted.has(scope))
    const scheme = token.keyThumbprint === undefined ? 'Bearer' : 'DPoP'
    const reason = 'insufficient-scope'
    return { ...refuse(challenges, { reason, scopes: required, warnings, scheme }), missingScopes }
  }
}
