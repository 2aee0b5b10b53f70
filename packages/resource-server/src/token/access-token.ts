import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import { areClaimsUsable, grantedScopes } from './token-claims.ts'

/**
 * The content of a verified access token, without the token itself, so that it cannot be passed on.
 *
 * To deny single tokens, compare `jti` (or another claim) in {@link VerifiedAccessToken.claims} with a
 * list. Never use the encoded token as the key: one token has several encodings that all verify, such
 * as the other ECDSA signature `(r, n − s)`, unused bits in the last base64url character, and `=`
 * padding.
 */
export interface VerifiedAccessToken {
  readonly issuer: string
  /** The user, or the client if it acts on its own behalf. */
  readonly subject: string | undefined
  readonly clientId: string | undefined
  /** The granted scopes, without implied ones. */
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly expiresAtEpochSeconds: number
  /** All claims of the token. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Why a token was not accepted. */
export type TokenRefusal =
  | 'token-malformed'
  | 'token-type-not-allowed'
  | 'token-algorithm-not-allowed'
  | 'token-key-unknown'
  | 'token-signature-invalid'
  | 'token-issuer-not-trusted'
  | 'token-audience-mismatch'
  | 'token-expired'
  | 'token-not-yet-valid'
  | 'token-claim-invalid'
  | 'token-sender-constrained'

/** The result of verifying a token. */
export type TokenVerdict =
  | { readonly valid: true; readonly token: VerifiedAccessToken }
  | { readonly valid: false; readonly reason: TokenRefusal }
  /** The keys could not be fetched, so nothing is known about the token. */
  | { readonly valid: undefined; readonly error: ResourceServerError }

/** What a token is verified against. */
export interface AccessTokenExpectations {
  /** The resource identifier of this server, required in `aud`. */
  readonly resource: string
  /** Keys of each trusted issuer. */
  readonly keysByIssuer: ReadonlyMap<string, JWTVerifyGetKey>
  readonly algorithms: readonly string[]
  readonly tokenTypes: readonly string[]
  readonly clockToleranceSeconds: number
  readonly clock: Clock
}

/** RFC 9068 §2.2: required claims of tokens of type `at+jwt`. */
const requiredByProfile = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']

/**
 * Verifies a JWT access token: type, algorithm, signature, issuer, expiry and audience (S-12).
 *
 * @returns A verdict. The promise does not reject.
 * @see RFC 9068 §4, RFC 8707 §2
 */
export async function verifyAccessToken(
  token: string,
  expectations: AccessTokenExpectations,
): Promise<TokenVerdict> {
  try {
    const type = tokenType(decodeProtectedHeader(token).typ)
    if (type === undefined || !expectations.tokenTypes.includes(type)) {
      return refused('token-type-not-allowed')
    }
    // Not verified yet. It only selects the keys, and is verified below.
    const issuer = decodeJwt(token).iss
    const keys = issuer === undefined ? undefined : expectations.keysByIssuer.get(issuer)
    if (issuer === undefined || keys === undefined) return refused('token-issuer-not-trusted')
    const payload = await verifiedBy(token, keys, {
      issuer,
      audience: audiencesOf(expectations.resource),
      algorithms: [...expectations.algorithms],
      clockTolerance: expectations.clockToleranceSeconds,
      currentDate: new Date(expectations.clock.nowEpochSeconds() * 1000),
      requiredClaims: type === 'at+jwt' ? requiredByProfile : ['iss', 'exp', 'aud'],
    })
    // RFC 7800: this package does not check the proof of possession. Without that check, a thief
    // could use a bound token.
    if (payload['cnf'] !== undefined) return refused('token-sender-constrained')
    if (!areClaimsUsable(payload)) return refused('token-claim-invalid')
    return { valid: true, token: describe(payload, issuer) }
  } catch (error) {
    if (ResourceServerError.is(error)) return { valid: undefined, error }
    return refused(reasonOf(error))
  }
}

/** Maximum number of keys to try for a token without `kid`. A server has one or two at a time. */
const maximumCandidates = 8

/** Tries each matching key, because `kid` is optional (RFC 7515 §4.1.4). */
async function verifiedBy(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload
  } catch (several) {
    if (!(several instanceof errors.JWKSMultipleMatchingKeys)) throw several
    let tried = 0
    for await (const key of several) {
      tried += 1
      try {
        return (await jwtVerify(token, key, options)).payload
      } catch (error) {
        const isOfAnotherKey = error instanceof errors.JWSSignatureVerificationFailed
        if (!isOfAnotherKey || tried === maximumCandidates) throw error
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

/** An origin has two forms, and many clients send the one with a slash. */
function audiencesOf(resource: string): string[] {
  return new URL(resource).pathname === '/' ? [resource, `${resource}/`] : [resource]
}

/** Media types are compared case-insensitively and without `application/` (RFC 7515 §4.1.9). */
export function tokenType(typ: unknown): string | undefined {
  if (typeof typ !== 'string') return undefined
  return typ.toLowerCase().replace(/^application\//, '')
}

function refused(reason: TokenRefusal): TokenVerdict {
  return { valid: false, reason }
}

function describe(payload: JWTPayload, issuer: string): VerifiedAccessToken {
  const { client_id: clientId, azp } = payload
  return {
    issuer,
    subject: payload.sub,
    clientId: [clientId, azp].find((value) => typeof value === 'string'),
    // Entra ID and Okta write `scp`, a string or an array, instead of `scope`.
    scopes: grantedScopes(payload['scope'] ?? payload['scp']),
    audience: [payload.aud ?? []].flat(),
    expiresAtEpochSeconds: payload.exp ?? 0,
    claims: payload,
  }
}

function reasonOf(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'token-expired'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'token-signature-invalid'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'token-algorithm-not-allowed'
  if (error instanceof errors.JWKSNoMatchingKey) return 'token-key-unknown'
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'token-key-unknown'
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud' && error.reason === 'check_failed') return 'token-audience-mismatch'
    if (error.claim === 'nbf' && error.reason === 'check_failed') return 'token-not-yet-valid'
    return 'token-claim-invalid'
  }
  return 'token-malformed'
}
