import { isScopeToken, uniteScopes } from '@evergrant/core'
import type { JWTPayload } from 'jose'
import { smallMemo } from '../lib/small-memo.ts'

/** Results for claims. Most tokens of an issuer grant one of a few combinations of scopes. */
const results = smallMemo<readonly string[]>()

/**
 * Returns the scope tokens that a claim grants, strictly by the grammar (RFC 6749 §3.3): U+0020
 * separates the tokens of a string, each entry of an array is one token, and invalid tokens grant
 * nothing. Reading `"mcp:read\u00a0x"` as two tokens would grant a scope that the authorization server
 * did not write.
 *
 * @returns A frozen list. Tokens with the same claim share it.
 */
export function grantedScopes(claim: unknown): readonly string[] {
  if (typeof claim !== 'string') return scopesAmong([claim].flat())
  const known = results.find(claim)
  if (known !== undefined) return known
  const scopes = scopesAmong(claim.split(' '))
  results.keep(claim, scopes)
  return scopes
}

function scopesAmong(entries: readonly unknown[]): readonly string[] {
  return Object.freeze(uniteScopes(entries.filter((entry) => isScopeToken(entry))))
}

/**
 * Returns the claim that contains the granted scopes.
 *
 * @param scopeClaim - The option. Default: `scope` (RFC 9068 §2.2.3), or `scp` if `scope` is absent or
 *   empty, as Entra ID and Okta write it. Both claims are signed by the same issuer, and an empty
 *   `scope` grants nothing, so reading `scp` grants no more than the issuer wrote. A `scope` that is
 *   not empty is used alone.
 */
export function scopeClaimOf(
  payload: Readonly<Record<string, unknown>>,
  scopeClaim: string | undefined,
): unknown {
  if (scopeClaim !== undefined) {
    return Object.hasOwn(payload, scopeClaim) ? payload[scopeClaim] : undefined
  }
  const { scope, scp } = payload
  return isEmpty(scope) ? scp : scope
}

function isEmpty(claim: unknown): boolean {
  if (claim === undefined || claim === null) return true
  if (typeof claim === 'string') return /^ *$/.test(claim)
  return Array.isArray(claim) && claim.length === 0
}

/** Claims that identify the user, the client or the token. Decisions and storage keys use them. */
const identifiers = ['sub', 'client_id', 'azp', 'jti'] as const

/**
 * Checks the types of the claims that identify users, clients and tokens. A signature proves who
 * wrote a claim, not that it has the type of RFC 7519. `verifyAccessToken` checks which claims are
 * required.
 */
export function areIdentifiersUsable(claims: Readonly<Record<string, unknown>>): boolean {
  const audience: readonly unknown[] = [claims['aud'] ?? []].flat()
  return (
    identifiers.every((name) => claims[name] === undefined || isIdentifier(claims[name])) &&
    audience.every((entry) => isIdentifier(entry))
  )
}

/** {@link areIdentifiersUsable}, and an expiry that is finite. */
export function areClaimsUsable(payload: JWTPayload): boolean {
  // JSON.parse reads 1e999 as Infinity: a token that never expires.
  return areIdentifiersUsable(payload) && Number.isFinite(payload.exp)
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
