import type { BearerChallenge } from '@evergrant/core'
import { missingScopes, readScope } from '@evergrant/core'

/** Whether a scope contains every scope of a challenge. If either has no scope, it does. */
export function covers(scope: string | undefined, challenge: BearerChallenge | undefined): boolean {
  if (scope === undefined || challenge?.scope === undefined) return true
  return missingScopes(challenge.scope, readScope(scope).tokens).length === 0
}
