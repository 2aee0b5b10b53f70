import { decodeProtectedHeader, errors, jwtVerify, UnsecuredJWT } from 'jose'
import type {
  CryptoKey,
  JWTClaimVerificationOptions,
  JWTHeaderParameters,
  JWTPayload,
  JWTVerifyGetKey,
} from 'jose'
import { createNodeSignatures } from './node-signature.ts'
import type { VerifySignature } from './node-signature.ts'

/** A JWT whose signature and claims are verified. */
export interface VerifiedJwt {
  readonly payload: JWTPayload
  readonly protectedHeader: { readonly typ?: string }
}

/** What is checked besides the signature. */
export interface VerifyJwtOptions extends JWTClaimVerificationOptions {
  /** Accepted algorithms of the signature. */
  readonly algorithms: readonly string[]
}

/** Like `jwtVerify` of jose, with the same errors. */
export type VerifyJwt = (
  token: string,
  key: JWTVerifyGetKey | CryptoKey,
  options: VerifyJwtOptions,
) => Promise<VerifiedJwt>

/** Verifies JWTs with `node:crypto` where it exists, otherwise with Web Crypto. */
export const verifyJwt: VerifyJwt = createVerifyJwt(nodeSignatures())

/** @param verifySignature - `undefined` if jose verifies signatures. */
export function createVerifyJwt(verifySignature: VerifySignature | undefined): VerifyJwt {
  if (verifySignature === undefined) {
    return async (token, key, options) => {
      const joseOptions = { ...options, algorithms: [...options.algorithms] }
      return typeof key === 'function'
        ? await jwtVerify(token, key, joseOptions)
        : await jwtVerify(token, key, joseOptions)
    }
  }
  return async (token, key, options) => {
    const [protectedPart = '', payloadPart = '', signaturePart = ''] = token.split('.', 3)
    const header = decodeProtectedHeader(token)
    const algorithm = allowedAlgorithm(header, options.algorithms)
    const input = { protected: protectedPart, payload: payloadPart, signature: signaturePart }
    const found = typeof key === 'function' ? await key({ ...header, alg: algorithm }, input) : key
    const data = Buffer.from(`${protectedPart}.${payloadPart}`, 'latin1')
    const signature = Buffer.from(signaturePart, 'base64url')
    if (!isKey(found) || !(await verifySignature(algorithm, found, data, signature))) {
      throw new errors.JWSSignatureVerificationFailed()
    }
    // The signature is verified. jose checks claims without one only in this form.
    const { payload } = UnsecuredJWT.decode(`${unsecuredHeader}.${payloadPart}.`, options)
    return { payload, protectedHeader: header }
  }
}

/** {"alg":"none"} */
const unsecuredHeader = 'eyJhbGciOiJub25lIn0'

/**
 * Checks the header as jose does: the algorithm, and that it has no critical extension (RFC 7515 §4.1.11).
 *
 * @throws {JOSEError}
 */
function allowedAlgorithm(
  header: Partial<JWTHeaderParameters>,
  allowed: readonly string[],
): string {
  const { alg, crit } = header
  if (crit !== undefined) throw new errors.JOSENotSupported('Extensions are not supported.')
  if (typeof alg !== 'string' || alg === '') throw new errors.JWSInvalid('No algorithm.')
  if (!allowed.includes(alg)) {
    throw new errors.JOSEAlgNotAllowed('The algorithm is not allowed.')
  }
  return alg
}

/** Key sets contain no secrets, so jose imports only public keys from them. */
function isKey(key: unknown): key is CryptoKey {
  return (
    typeof key === 'object' &&
    key !== null &&
    'type' in key &&
    key.type === 'public' &&
    'algorithm' in key
  )
}

/** A static import of `node:crypto` would make this package fail to load on other runtimes. */
function nodeSignatures(): VerifySignature | undefined {
  if (!('Buffer' in globalThis)) return undefined
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto')
  return crypto === undefined ? undefined : createNodeSignatures(crypto)
}
