import { isScopeToken, uniteScopes } from '@evergrant/core'
import type { JWTPayload } from 'jose'

/**
 * The scope tokens that a claim grants, by the grammar and nothing wider (RFC 6749 §3.3): U+0020
 * separates the tokens of a string, the entries of an array are taken whole, and what is not a
 * scope token grants nothing. Reading `"mcp:read\u00a0x"` as two tokens would grant a scope that
 * the authorization server did not write.
 */
export function grantedScopes(claim: unknown): readonly string[] {
  const entries: readonly unknown[] = typeof claim === 'string' ? claim.split(' ') : [claim].flat()
  return uniteScopes(entries.filter((entry) => isScopeToken(entry)))
}

/** Claims that say who acts, or which token this is: decisions and storage keys rest on them. */
const identifiers = ['sub', 'client_id', 'azp', 'jti'] as const

/**
 * Checks the types of the claims that identities and decisions are read from. A signature says who
 * wrote a claim, not that it is of the type that RFC 7519 gives it. Which claims must be present is
 * decided elsewhere.
 */
export function areClaimsUsable(payload: JWTPayload): boolean {
  const audience: readonly unknown[] = [payload.aud ?? []].flat()
  return (
    identifiers.every((name) => payload[name] === undefined || isIdentifier(payload[name])) &&
    audience.every((entry) => isIdentifier(entry)) &&
    // JSON.parse reads 1e999 as Infinity: a token that never expires.
    Number.isFinite(payload.exp)
  )
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
