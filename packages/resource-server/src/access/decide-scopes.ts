import type { CheckedScopes } from '../scope/check-scopes.ts'
import type { ScopeHierarchy } from '../scope/scopes.ts'
import { scopeMemoryOf } from '../token/scope-memory.ts'
import type { ScopeMemory } from '../token/scope-memory.ts'
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
  function grantedTo(token: VerifiedAccessToken): ReadonlySet<string> {
    return new Set(hierarchy.expand(token.scopes))
  }

  function isSufficient(
    token: VerifiedAccessToken,
    checked: CheckedScopes,
    memory: ScopeMemory | undefined,
  ): boolean {
    if (memory === undefined) return includesAll(grantedTo(token), checked.required)
    if (memory.owner !== hierarchy) {
      memory.owner = hierarchy
      memory.granted = grantedTo(token)
      memory.sufficientFor = undefined
    }
    if (memory.sufficientFor === checked) return true
    if (!includesAll(memory.granted ?? grantedTo(token), checked.required)) return false
    memory.sufficientFor = checked
    return true
  }

  return (token, checked) => {
    const { required, warnings } = checked
    if (isSufficient(token, checked, scopeMemoryOf(token))) {
      return {
        allowed: true,
        reason: 'scope-sufficient',
        token,
        requiredScopes: required,
        warnings,
      }
    }
    const granted = grantedTo(token)
    const missingScopes = required.filter((scope) => !granted.has(scope))
    const scheme = token.keyThumbprint === undefined ? 'Bearer' : 'DPoP'
    const reason = 'insufficient-scope'
    return { ...refuse(challenges, { reason, scopes: required, warnings, scheme }), missingScopes }
  }
}

function includesAll(granted: ReadonlySet<string>, required: readonly string[]): boolean {
  return required.every((scope) => granted.has(scope))
}
