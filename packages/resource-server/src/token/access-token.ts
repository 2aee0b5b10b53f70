import { decodeJwt, decodeProtectedHeader, errors } from 'jose'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import type { IssuerKeys, KeyRequest } from './keys.ts'
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
import { verifyJwt } from './verify-jwt.ts'
import type { VerifiedJwt, VerifyJwtOptions } from './verify-jwt.ts'

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

const requiredAlways = ['iss', 'exp', 'aud']
/** RFC 9068 §2.2: other required claims of tokens of type `at+jwt`. */
const requiredByProfile = ['sub', 'client_id', 'iat', 'jti']

/**
 * Verifies a JWT access token: type, algorithm, signature, issuer, expiry and audience (S-12).
 *
 * @param token - In its compact form.
 * @returns A verdict that holds until the token expires or the keys of its issuer change. The promise
 *   does not reject.
 * @see RFC 9068 §4, RFC 8707 §2
 */
export async function verifyAccessToken(
  token: string,
  expectations: AccessTokenExpectations,
): Promise<Verification> {
  try {
    const issuer = issuerOf(token, expectations)
    const source = issuer === undefined ? undefined : expectations.keysByIssuer.get(issuer)
    if (issuer === undefined || source === undefined) return refused('token-issuer-not-trusted')
    const { result, keySet } = await source.verify(
      () => keyRequestOf(token, issuer, expectations),
      (getKey) => verifiedBy(token, getKey, optionsNow(issuer, expectations)),
    )
    const { payload, protectedHeader } = result
    const reason = claimRefusal(payload, protectedHeader.typ, expectations)
    if (reason !== undefined) return refused(reason)
    const binding = readBinding(payload['cnf'])
    if (binding === 'unsupported') return refused('token-binding-unsupported')
    const scopes = grantedScopes(scopeClaimOf(payload, expectations.scopeClaim))
    return {
      verdict: { valid: true, token: describe(payload, issuer, scopes, binding.keyThumbprint) },
      validity: { ...validTime(payload, expectations), keys: { source, keySet } },
    }
  } catch (error) {
    if (ResourceServerError.is(error)) return unknown(error)
    return refused(error instanceof TokenRefused ? error.reason : reasonOf(error))
  }
}

/**
 * The issuer whose keys verify a token. It is not verified yet. The claim is read only if there are several
 * issuers, because reading it twice costs time.
 */
function issuerOf(token: string, { keysByIssuer }: AccessTokenExpectations): string | undefined {
  if (keysByIssuer.size > 1) return decodeJwt(token).iss
  const [only] = keysByIssuer.keys()
  return only
}

/** The time is read when there are keys, because a token may expire while they are fetched. */
function optionsNow(issuer: string, expectations: AccessTokenExpectations): VerifyJwtOptions {
  return {
    issuer,
    audience: [...expectations.audiences],
    algorithms: [...expectations.algorithms],
    clockTolerance: expectations.clockToleranceSeconds,
    currentDate: new Date(expectations.clock.nowEpochSeconds() * 1000),
    requiredClaims: requiredAlways,
  }
}

/** A reason for a refusal, inside the verification. */
class TokenRefused extends Error {
  readonly reason: TokenRefusal

  constructor(reason: TokenRefusal) {
    super(reason)
    this.reason = reason
  }
}

/**
 * Identifies the key of a token that is not verified yet. An unknown key is not a new key of the issuer if the
 * token is not from there.
 *
 * @throws {TokenRefused}
 */
function keyRequestOf(
  token: string,
  issuer: string,
  { tokenTypes }: AccessTokenExpectations,
): KeyRequest {
  const { typ, kid: keyId } = decodeProtectedHeader(token)
  if (!isTypeAllowed(typ, tokenTypes)) throw new TokenRefused('token-type-not-allowed')
  // RFC 7515 §4.1.4. Only text can be recognized as a key that was already missing from a fetch.
  if (keyId !== undefined && typeof keyId !== 'string') throw new TokenRefused('token-malformed')
  if (decodeJwt(token).iss !== issuer) throw new TokenRefused('token-issuer-not-trusted')
  return { keyId, signature: token.slice(token.lastIndexOf('.') + 1) }
}

/** Checks what the signature does not: whether it is an access token, and the types of its claims. */
function claimRefusal(
  payload: JWTPayload,
  typ: unknown,
  { tokenTypes }: AccessTokenExpectations,
): TokenRefusal | undefined {
  if (!isTypeAllowed(typ, tokenTypes)) return 'token-type-not-allowed'
  const isProfiled = tokenType(typ) === 'at+jwt'
  const required = isProfiled ? requiredByProfile : []
  if (required.some((name) => payload[name] === undefined)) return 'token-claim-invalid'
  if (!areClaimsUsable(payload)) return 'token-claim-invalid'
  return !isProfiled && isAnotherToken(payload) ? 'token-type-not-allowed' : undefined
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
  options: VerifyJwtOptions,
): Promise<VerifiedJwt> {
  try {
    return await verifyJwt(token, keys, options)
  } catch (several) {
    if (!(several instanceof errors.JWKSMultipleMatchingKeys)) throw several
    let tried = 0
    for await (const key of several) {
      tried += 1
      try {
        return await verifyJwt(token, key, options)
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
    if (error.claim === 'iss') return 'token-issuer-not-trusted'
    if (error.claim === 'aud' && error.reason === 'check_failed') return 'token-audience-mismatch'
    if (error.claim === 'nbf' && error.reason === 'check_failed') return 'token-not-yet-valid'
    return 'token-claim-invalid'
  }
  return 'token-malformed'
}
