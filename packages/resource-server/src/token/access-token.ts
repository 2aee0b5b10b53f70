import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { ResourceServerError } from '../lib/errors.ts'
import { areClaimsUsable, grantedScopes } from './token-claims.ts'

/**
 * A verified access token: what it says, without the token itself, which goes no further.
 *
 * To deny single tokens, keep a list of `jti` values (or of another claim) and check it against
 * {@link VerifiedAccessToken.claims}. Never use the text of the token as the key: one valid token
 * has several spellings that all verify, among them the other ECDSA signature `(r, n − s)`, unused
 * bits in the last base64url character, and `=` padding.
 */
export interface VerifiedAccessToken {
  readonly issuer: string
  /** The user, or the client where it acts for itself. */
  readonly subject: string | undefined
  readonly clientId: string | undefined
  /** As granted, before any implication counts. */
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly expiresAtEpochSeconds: number
  /** Every claim of the token, for what else an operation needs to know. */
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

/** What verification of one token came to. */
export type TokenVerdict =
  | { readonly valid: true; readonly token: VerifiedAccessToken }
  | { readonly valid: false; readonly reason: TokenRefusal }
  /** The keys could not be fetched: nothing is known about the token. */
  | { readonly valid: undefined; readonly error: ResourceServerError }

/** What a token is held against. */
export interface AccessTokenExpectations {
  /** This server's resource identifier; it has to be in `aud`. */
  readonly resource: string
  /** Keys of each trusted issuer. */
  readonly keysByIssuer: ReadonlyMap<string, JWTVerifyGetKey>
  readonly algorithms: readonly string[]
  readonly tokenTypes: readonly string[]
  readonly clockToleranceSeconds: number
  nowEpochSeconds(): number
}

/** RFC 9068 §2.2, required of tokens of type `at+jwt`. */
const requiredByProfile = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']

/**
 * Verifies a JWT access token: type, algorithm, signature, issuer, expiry and audience (S-12).
 *
 * @returns A verdict; it does not reject.
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
    // Not verified yet: it only chooses whose keys to try, and is checked against them below.
    const issuer = decodeJwt(token).iss
    const keys = issuer === undefined ? undefined : expectations.keysByIssuer.get(issuer)
    if (issuer === undefined || keys === undefined) return refused('token-issuer-not-trusted')
    const payload = await verifiedBy(token, keys, {
      issuer,
      audience: audiencesOf(expectations.resource),
      algorithms: [...expectations.algorithms],
      clockTolerance: expectations.clockToleranceSeconds,
      currentDate: new Date(expectations.nowEpochSeconds() * 1000),
      requiredClaims: type === 'at+jwt' ? requiredByProfile : ['iss', 'exp', 'aud'],
    })
    // RFC 7800: without the proof of possession, which this package does not check, a bound
    // token would be worth as much to a thief as to its owner.
    if (payload['cnf'] !== undefined) return refused('token-sender-constrained')
    if (!areClaimsUsable(payload)) return refused('token-claim-invalid')
    return { valid: true, token: describe(payload, issuer) }
  } catch (error) {
    if (ResourceServerError.is(error)) return { valid: undefined, error }
    return refused(reasonOf(error))
  }
}

/** Keys that fit a token without `kid`, at most: a server has one or two at a time. */
const maximumCandidates = 8

/** `kid` is optional (RFC 7515 §4.1.4): where several keys fit, each is tried. */
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
        const isAnothers = error instanceof errors.JWSSignatureVerificationFailed
        if (!isAnothers || tried === maximumCandidates) throw error
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

/** Of an origin there are two spellings, and many clients send the one with a slash. */
function audiencesOf(resource: string): string[] {
  return new URL(resource).pathname === '/' ? [resource, `${resource}/`] : [resource]
}

/** Media types are compared without case and without `application/` (RFC 7515 §4.1.9). */
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
    // `scp`, a string or an array, is what Entra ID and Okta write instead of `scope`.
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
