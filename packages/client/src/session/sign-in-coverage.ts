import type { BearerChallenge } from '@evergrant/core'
import { missingScopes, offlineAccess, readScope } from '@evergrant/core'

/** The scope of a sign-in: what its request named, and what the server says it granted. */
export interface SignInScope {
  readonly requestedScope?: string | undefined
  readonly scope?: string | undefined
}

/**
 * Whether a sign-in makes another one for a challenge unnecessary.
 *
 * A caller that had no usable token needs a token, so every sign-in serves it. The granted scope says
 * nothing about that: servers spell scope in their own way (`a,b` for `a b`, `https://host/email` for
 * `email`), and may grant less.
 *
 * After `insufficient_scope`, the scope that was requested decides. It has the spelling of the
 * challenge, and another sign-in would send the same request.
 */
export function servesChallenge(
  { requestedScope, scope }: SignInScope,
  challenge: BearerChallenge | undefined,
): boolean {
  if (!isStepUp(challenge) || challenge?.scope === undefined) return true
  return contains(requestedScope, challenge.scope) || contains(scope, challenge.scope)
}

/**
 * Whether an authorization request names the scope of a challenge. Both have the same spelling, so
 * they can be compared before anything is granted. A request without a scope gets the default scope
 * of the server, which may be enough for a caller that had no token.
 */
export function requestsScope(
  requestedScope: string | undefined,
  challenge: BearerChallenge | undefined,
): boolean {
  if (challenge?.scope === undefined) return true
  if (requestedScope === undefined) return !isStepUp(challenge)
  return contains(requestedScope, challenge.scope)
}

/** Whether the resource accepted the token and requires wider scope. */
export function isStepUp(challenge: BearerChallenge | undefined): boolean {
  return challenge?.error === 'insufficient_scope'
}

/** A resource that names offline_access is wrong (S-01), and the request does not repeat it. */
function contains(scope: string | undefined, required: readonly string[]): boolean {
  const missing = missingScopes(readScope(required).tokens, readScope(scope).tokens)
  return missing.every((token) => token === offlineAccess)
}
