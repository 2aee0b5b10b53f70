import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'

/** Why a proof is not accepted. */
export type ProofRefusal =
  | 'dpop-proof-missing'
  | 'dpop-proof-malformed'
  | 'dpop-proof-signature-invalid'
  | 'dpop-proof-for-another-request'
  | 'dpop-proof-for-another-token'
  | 'dpop-proof-key-mismatch'
  | 'dpop-proof-expired'
  | 'dpop-proof-replayed'
  | 'dpop-nonce-required'

/** What a proof must prove. */
export interface ProofExpectations {
  readonly algorithms: readonly string[]
  readonly method: string
  /** The URL of the request, as the client wrote it. */
  readonly url: string
  /** SHA-256 of the access token, base64url. */
  readonly tokenHash: string
  /** The thumbprint that the access token is bound to. */
  readonly keyThumbprint: string
  readonly maximumAgeSeconds: number
  readonly clockToleranceSeconds: number
  readonly nowEpochSeconds: number
}

/** A proof that is correct, except for its nonce and whether it was used before. */
export interface CheckedProof {
  readonly id: string
  readonly nonce: string | undefined
  readonly issuedAtEpochSeconds: number
}

/** A longer proof is refused before it is parsed. RSA keys and signatures take about 1,500 characters. */
const maximumLength = 8192
const maximumIdLength = 1024

/**
 * Checks a proof of possession, except for its nonce and whether it was used before.
 *
 * @see RFC 9449 §4.3
 */
export async function checkProof(
  proof: string,
  expectations: ProofExpectations,
): Promise<CheckedProof | ProofRefusal> {
  if (proof.length > maximumLength) return 'dpop-proof-malformed'
  const verified = await verifySignature(proof, expectations)
  if (typeof verified === 'string') return verified
  const { payload, thumbprint } = verified
  const { jti, iat, htm, htu, ath, nonce } = payload
  if (typeof jti !== 'string' || jti === '' || jti.length > maximumIdLength) {
    return 'dpop-proof-malformed'
  }
  if (typeof iat !== 'number' || !Number.isFinite(iat)) return 'dpop-proof-malformed'
  if (nonce !== undefined && typeof nonce !== 'string') return 'dpop-proof-malformed'
  if (htm !== expectations.method || !isSameTarget(htu, expectations.url)) {
    return 'dpop-proof-for-another-request'
  }
  if (ath !== expectations.tokenHash) return 'dpop-proof-for-another-token'
  if (thumbprint !== expectations.keyThumbprint) return 'dpop-proof-key-mismatch'
  const age = expectations.nowEpochSeconds - iat
  const { clockToleranceSeconds: tolerance, maximumAgeSeconds } = expectations
  if (age > maximumAgeSeconds + tolerance || age < -tolerance) return 'dpop-proof-expired'
  return { id: jti, nonce, issuedAtEpochSeconds: iat }
}

interface SignedProof {
  readonly payload: JWTPayload
  readonly thumbprint: string
}

/** Verifies with the key inside the proof. The caller compares that key with the token. */
async function verifySignature(
  proof: string,
  { algorithms, nowEpochSeconds }: ProofExpectations,
): Promise<SignedProof | ProofRefusal> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: [...algorithms],
      // A proof has no lifetime of its own. If it has exp or nbf, they count.
      currentDate: new Date(nowEpochSeconds * 1000),
    })
    if (protectedHeader.jwk === undefined) return 'dpop-proof-malformed'
    return { payload, thumbprint: await calculateJwkThumbprint(protectedHeader.jwk) }
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      return 'dpop-proof-signature-invalid'
    }
    return error instanceof errors.JWTExpired ? 'dpop-proof-expired' : 'dpop-proof-malformed'
  }
}

/** Compares URLs without query and fragment, normalized (RFC 9449 §4.3, RFC 3986 §6.2.2). */
function isSameTarget(target: unknown, url: string): boolean {
  const actual = typeof target === 'string' ? normalized(target) : undefined
  return actual !== undefined && actual === normalized(url)
}

function normalized(value: string): string | undefined {
  const url = URL.parse(value)
  if (url === null) return undefined
  const path = url.pathname.replaceAll(/%[\da-f]{2}/gi, (encoded) => {
    const character = String.fromCodePoint(Number.parseInt(encoded.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase()
  })
  return `${url.origin}${path}`
}
