import type { JWTPayload } from 'jose'
import type { TokenRefusal } from './verification.ts'

/** What the claims of a token are compared with. */
export interface ClaimExpectations {
  /** One of them must be in `aud`. */
  readonly audiences: readonly string[]
  readonly clockToleranceSeconds: number
}

/**
 * Checks the claims that say for which resource a token is, and when it is valid. Makes the same decisions as
 * `jwtVerify` of jose, which can check claims only together with a signature.
 *
 * @see RFC 7519 §4.1
 */
export function claimRefusal(
  payload: JWTPayload,
  { audiences, clockToleranceSeconds }: ClaimExpectations,
  nowEpochSeconds: number,
): TokenRefusal | undefined {
  const { aud, iat, nbf, exp } = payload
  if (aud === undefined || exp === undefined) return 'token-claim-invalid'
  if (!isFor(audiences, aud)) return 'token-audience-mismatch'
  const now = Math.floor(nowEpochSeconds)
  if (!isOptionalNumber(iat) || !isOptionalNumber(nbf)) return 'token-claim-invalid'
  if (nbf !== undefined && nbf > now + clockToleranceSeconds) return 'token-not-yet-valid'
  if (typeof exp !== 'number') return 'token-claim-invalid'
  return exp <= now - clockToleranceSeconds ? 'token-expired' : undefined
}

function isFor(audiences: readonly string[], aud: unknown): boolean {
  if (!Array.isArray(aud)) return audiences.some((audience) => audience === aud)
  return audiences.some((audience) => aud.includes(audience))
}

function isOptionalNumber(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number'
}
