/** The value of the option `tokenTypes` for tokens without the header `typ`. */
const absentType = 'absent'

/** Media types are compared case-insensitively and without `application/` (RFC 7515 §4.1.9). */
export function tokenType(typ: unknown): string | undefined {
  if (typeof typ !== 'string') return undefined
  return typ.toLowerCase().replace(/^application\//, '')
}

/**
 * Whether a token's header `typ` is accepted. A token without `typ` is accepted only if `tokenTypes`
 * contains `'absent'`. A token whose `typ` is the text "absent" is refused.
 */
export function isTypeAllowed(typ: unknown, tokenTypes: readonly string[]): boolean {
  if (typ === undefined) return tokenTypes.includes(absentType)
  const type = tokenType(typ)
  return type !== undefined && type !== absentType && tokenTypes.includes(type)
}

/** Claims that only ID tokens (OpenID Connect Core §3.1.3.6, §3.3.2.11) or security events have. */
const claimsOfOtherTokens = ['at_hash', 'c_hash', 's_hash', 'events'] as const

/**
 * Values of `token_use` for access tokens: Amazon Cognito (otherwise "id"), and the introspection of Ory
 * Hydra (otherwise "refresh_token").
 */
const accessTokenUses = new Set<unknown>(['access', 'access_token'])

/** Keycloak writes the kind of a token to the claim `typ`. */
const keycloakKinds = new Set(['id', 'refresh', 'offline', 'logout', 'registrationaccesstoken'])

/**
 * Whether a token without `typ: at+jwt` says that it is not an access token. Without that type, an ID
 * token of the same issuer differs from an access token only by its audience and claims (RFC 9068 §5).
 */
export function isAnotherToken(payload: Readonly<Record<string, unknown>>): boolean {
  if (claimsOfOtherTokens.some((name) => payload[name] !== undefined)) return true
  const use = payload['token_use']
  if (use !== undefined && !accessTokenUses.has(use)) return true
  const kind = payload['typ']
  return typeof kind === 'string' && keycloakKinds.has(kind.toLowerCase())
}
