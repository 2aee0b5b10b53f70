import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import type { IssuerKeys } from './keys.ts'
import { readBinding } from './token-binding.ts'
import { areClaimsUsable, grantedScopes, scopeClaimOf } from './token-claims.ts'
import { isAnotherToken, isTypeAllowed, tokenType } from './token-type.ts'
import { refused, unknown } from './verification.ts'
import type {
  TokenRefusal,
  VerdictValidity,
  VerifiedAccessToken,
  Verification,
} from './verification.ts'

/** What a token is verified against. */
export interface AccessTokenExpectations {
  /** Accepted values of `aud`: the resource identifier of this server, and configured ones. */
  readonly audiences: readonly string[]
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
 * @returns A verdict that holds until the token expires or the keys of its issuer change. The promise
 *   does not reject.
 * @see RFC 9068 §4, RFC 8707 §2
 */
export async function verifyAccessToken(
  token: string,
  expectations: AccessTokenExpectations,
): Promise<Verification> {
  try {
    const { typ, kid: keyId } = decodeProtectedHeader(token)
    if (!isTypeAllowed(typ, expectations.tokenTypes)) return refused('token-type-not-allowed')
    const isProfiled = tokenType(typ) === 'at+jwt'
    // Not verified yet. It only selects the keys, and is verified below.
    const issuer = decodeJwt(token).iss
    const source = issuer === undefined ? undefined : expectations.keysByIssuer.get(issuer)
    if (issuer === undefined || source === undefined) return refused('token-issuer-not-trusted')
    const options = {
      issuer,
      audience: [...expectations.audiences],
      algorithms: [...expectations.algorithms],
      clockTolerance: expectations.clockToleranceSeconds,
      currentDate: new Date(expectations.clock.nowEpochSeconds() * 1000),
      requiredClaims: isProfiled ? requiredByProfile : ['iss', 'exp', 'aud'],
    }
    const request = { keyId, signature: token.slice(token.lastIndexOf('.') + 1) }
    const { result: payload, keySet } = await source.verify(request, (getKey) =>
      verifiedBy(token, getKey, options),
    )
    if (!areClaimsUsable(payload)) return refused('token-claim-invalid')
    if (!isProfiled && isAnotherToken(payload)) return refused('token-type-not-allowed')
    const binding = readBinding(payload['cnf'])
    if (binding === 'unsupported') return refused('token-binding-unsupported')
    const scopes = grantedScopes(scopeClaimOf(payload, expectations.scopeClaim))
    return {
      verdict: { valid: true, token: describe(payload, issuer, scopes, binding.keyThumbprint) },
      validity: { ...validTime(payload, expectations), keys: { source, keySet } },
    }
  } catch (error) {
    if (ResourceServerError.is(error)) return unknown(error)
    return refused(reasonOf(error))
  }
}

/** As jose checks `nbf` and `exp`. */
function validTime(
  { nbf, exp = 0 }: JWTPayload,
  { clockToleranceSeconds }: AccessTokenExpectations,
): Pick<VerdictValidity, 'fromEpochSeconds' | 'untilEpochSeconds'> {
  return {
    fromEpochSeconds: nbf === undefined ? -Infinity : nbf - clockToleranceSeconds,
    untilEpochSeconds: exp + clockToleranceSeconds,
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

function describe(
  payload: JWTPayload,
  issuer: string,
  scopes: readonly string[],
  keyThumbprint: string | undefined,
): VerifiedAccessToken {
  const { client_id: clientId, azp } = payload
  return {
    issuer,
    subject: payload.sub,
    clientId: [clientId, azp].find((value) => typeof value === 'string'),
    scopes,
    audience: [payload.aud ?? []].flat(),
    expiresAtEpochSeconds: payload.exp,
    keyThumbprint,
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
