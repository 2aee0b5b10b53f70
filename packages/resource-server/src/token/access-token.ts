import { errors } from 'jose'
import type { JWTPayload } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import { claimRefusal } from './claim-refusal.ts'
import { decodeJwt } from './decoded-jwt.ts'
import type { DecodedJwt } from './decoded-jwt.ts'
import type { FindKey } from './key-finder.ts'
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
import { verifySignature } from './verify-signature.ts'

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
    const jwt = decodeJwt(token)
    const { header, payload } = jwt
    // Not verified yet. A token that names another issuer than its own is refused by the keys of that issuer.
    const { iss: issuer } = payload
    const source = issuer === undefined ? undefined : expectations.keysByIssuer.get(issuer)
    if (issuer === undefined || source === undefined) return refused('token-issuer-not-trusted')
    const keySet = await source.verify(
      () => keyRequestOf(jwt, expectations),
      (findKey) => verifyWithKeys(jwt, findKey, expectations.algorithms),
    )
    const reason =
      claimRefusal(payload, expectations, expectations.clock.nowEpochSeconds()) ??
      profileRefusal(payload, header['typ'], expectations)
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

/** A reason for a refusal, inside the verification. */
class TokenRefused extends Error {
  readonly reason: TokenRefusal

  constructor(reason: TokenRefusal) {
    super(reason)
    this.reason = reason
  }
}

/**
 * Identifies the key of a token that is not verified yet.
 *
 * @throws {TokenRefused}
 */
function keyRequestOf(
  { header, encoded }: DecodedJwt,
  { tokenTypes }: AccessTokenExpectations,
): KeyRequest {
  const { typ, kid: keyId } = header
  if (!isTypeAllowed(typ, tokenTypes)) throw new TokenRefused('token-type-not-allowed')
  // RFC 7515 §4.1.4. Only text can be recognized as a key that was already missing from a fetch.
  if (keyId !== undefined && typeof keyId !== 'string') throw new TokenRefused('token-malformed')
  return { keyId, signature: encoded.signature }
}

/** Checks whether a verified token is an access token, and the types of its claims. */
function profileRefusal(
  payload: JWTPayload,
  typ: unknown,
  { tokenTypes }: AccessTokenExpectations,
): TokenRefusal | undefined {
  if (!isTypeAllowed(typ, tokenTypes)) return 'token-type-not-allowed'
  const isProfiled = tokenType(typ) === 'at+jwt'
  if (isProfiled && requiredByProfile.some((name) => payload[name] === undefined)) {
    return 'token-claim-invalid'
  }
  if (!areClaimsUsable(payload)) return 'token-claim-invalid'
  return !isProfiled && isAnotherToken(payload) ? 'token-type-not-allowed' : undefined
}

/** As {@link claimRefusal} checks `nbf` and `exp`. */
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
async function verifyWithKeys(
  jwt: DecodedJwt,
  findKey: FindKey,
  algorithms: readonly string[],
): Promise<void> {
  try {
    await verifySignature(jwt, findKey, algorithms)
  } catch (several) {
    if (!(several instanceof errors.JWKSMultipleMatchingKeys)) throw several
    let tried = 0
    for await (const key of several) {
      tried += 1
      try {
        await verifySignature(jwt, key, algorithms)
        return
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
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'token-signature-invalid'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'token-algorithm-not-allowed'
  if (error instanceof errors.JWKSNoMatchingKey) return 'token-key-unknown'
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'token-key-unknown'
  return 'token-malformed'
}
