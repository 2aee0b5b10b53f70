import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import type { IssuerKeys } from './keys.ts'
import { areClaimsUsable, grantedScopes, scopeClaimOf } from './token-claims.ts'
import { isAnotherToken, isTypeAllowed, tokenType } from './token-type.ts'

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
  /** The keys could not be fetched, or may have rotated, so nothing is known about the token. */
  | { readonly valid: undefined; readonly error: ResourceServerError }

/** What a token is verified against. */
export interface AccessTokenExpectations {
  /** The resource identifier of this server, required in `aud`. */
  readonly resource: string
  /** Other accepted values of `aud`. */
  readonly additionalAudiences: readonly string[]
  /** Keys of each trusted issuer. */
  readonly keysByIssuer: ReadonlyMap<string, IssuerKeys>
  readonly algorithms: readonly string[]
  /** In lower case, without `application/`. */
  readonly tokenTypes: readonly string[]
  /** The claim with the scopes. Default: `scope`, or `scp` if that is absent or empty. */
  readonly scopeClaim: string | undefined
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
    const { typ, kid: keyId } = decodeProtectedHeader(token)
    if (!isTypeAllowed(typ, expectations.tokenTypes)) return refused('token-type-not-allowed')
    const isProfiled = tokenType(typ) === 'at+jwt'
    // Not verified yet. It only selects the keys, and is verified below.
    const issuer = decodeJwt(token).iss
    const keys = issuer === undefined ? undefined : expectations.keysByIssuer.get(issuer)
    if (issuer === undefined || keys === undefined) return refused('token-issuer-not-trusted')
    const options = {
      issuer,
      audience: [...audiencesOf(expectations.resource), ...expectations.additionalAudiences],
      algorithms: [...expectations.algorithms],
      clockTolerance: expectations.clockToleranceSeconds,
      currentDate: new Date(expectations.clock.nowEpochSeconds() * 1000),
      requiredClaims: isProfiled ? requiredByProfile : ['iss', 'exp', 'aud'],
    }
    const request = { keyId, signature: token.slice(token.lastIndexOf('.') + 1) }
    const payload = await keys.verify(request, (getKey) => verifiedBy(token, getKey, options))
    // RFC 7800: this package does not check the proof of possession. Without that check, a thief
    // could use a bound token.
    if (payload['cnf'] !== undefined) return refused('token-sender-constrained')
    if (!areClaimsUsable(payload)) return refused('token-claim-invalid')
    if (!isProfiled && isAnotherToken(payload)) return refused('token-type-not-allowed')
    const scopes = grantedScopes(scopeClaimOf(payload, expectations.scopeClaim))
    return { valid: true, token: describe(payload, issuer, scopes) }
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

function refused(reason: TokenRefusal): TokenVerdict {
  return { valid: false, reason }
}

function describe(
  payload: JWTPayload,
  issuer: string,
  scopes: readonly string[],
): VerifiedAccessToken {
  const { client_id: clientId, azp } = payload
  return {
    issuer,
    subject: payload.sub,
    clientId: [clientId, azp].find((value) => typeof value === 'string'),
    scopes,
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
