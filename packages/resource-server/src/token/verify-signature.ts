import { errors, flattenedVerify } from 'jose'
import type { CryptoKey } from 'jose'
import type { DecodedJwt } from './decoded-jwt.ts'
import type { FindKey } from './key-finder.ts'
import { createNodeSignatures } from './node-signature.ts'
import type { VerifyWithKey } from './node-signature.ts'

/**
 * Verifies the signature of a JWT, with the errors of jose.
 *
 * @param algorithms - The accepted ones.
 */
export type VerifySignature = (
  jwt: DecodedJwt,
  key: FindKey | CryptoKey,
  algorithms: readonly string[],
) => Promise<void>

/** Verifies with `node:crypto` where it exists, otherwise with Web Crypto. */
export const verifySignature: VerifySignature = createVerifySignature(nodeSignatures())

/** @param verifyWithKey - `undefined` if jose verifies signatures. */
export function createVerifySignature(verifyWithKey: VerifyWithKey | undefined): VerifySignature {
  return async (jwt, key, algorithms) => {
    const { encoded, signedText } = jwt
    const algorithm = allowedAlgorithm(jwt, algorithms)
    const found = typeof key === 'function' ? key(jwt) : key
    const usable = found instanceof Promise ? await found : found
    if (!isPublicKey(usable)) throw new errors.JWSSignatureVerificationFailed()
    if (verifyWithKey === undefined) {
      await flattenedVerify({ ...encoded }, usable, { algorithms: [algorithm] })
      return
    }
    const data = Buffer.from(signedText, 'latin1')
    const signature = Buffer.from(encoded.signature, 'base64url')
    if (!(await verifyWithKey(algorithm, usable, data, signature))) {
      throw new errors.JWSSignatureVerificationFailed()
    }
  }
}

/**
 * Checks the header as jose does: the algorithm, and that it has no critical extension (RFC 7515 §4.1.11).
 *
 * @throws {JOSEError}
 */
function allowedAlgorithm({ header }: DecodedJwt, allowed: readonly string[]): string {
  const { alg, crit } = header
  if (crit !== undefined) throw new errors.JOSENotSupported('Extensions are not supported.')
  if (typeof alg !== 'string' || alg === '') throw new errors.JWSInvalid('No algorithm.')
  if (!allowed.includes(alg)) {
    throw new errors.JOSEAlgNotAllowed('The algorithm is not allowed.')
  }
  return alg
}

/** Key sets contain no secrets, so jose imports only public keys from them. */
function isPublicKey(key: unknown): key is CryptoKey {
  return (
    typeof key === 'object' &&
    key !== null &&
    'type' in key &&
    key.type === 'public' &&
    'algorithm' in key
  )
}

/** A static import of `node:crypto` would make this package fail to load on other runtimes. */
function nodeSignatures(): VerifyWithKey | undefined {
  if (!('Buffer' in globalThis)) return undefined
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto')
  return crypto === undefined ? undefined : createNodeSignatures(crypto)
}
