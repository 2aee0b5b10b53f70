import type { BearerChallenge } from '@evergrant/core'
import { missingScopes, readScope } from '@evergrant/core'

/** Whether a scope holds everything a challenge asks for. Without a scope on either side: yes. */
export function covers(scope: string | undefined, challenge: BearerChallenge | undefined): boolean {
  if (scope === undefined || challenge?.scope === undefined) return true
  return missingScopes(challenge.scope, readScope(scope).tokens).length === 0
}
