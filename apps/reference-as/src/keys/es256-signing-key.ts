import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { ExternalSigningKey } from 'oidc-provider'
import type { JWK, JWKS } from 'oidc-provider'
import type { SigningKeySet } from './signing-keys.ts'

/** r and s of an ES256 signature have 32 bytes each (RFC 7518 §3.4). */
const halfBytes = 32

/**
 * The keys for the engine, with those for ES256 replaced by keys that sign on the calling thread.
 *
 * The engine signs through WebCrypto, which takes about five times as long: the work goes to a thread
 * pool and back, for a signature that needs 25 µs. Slower algorithms stay there.
 */
export function signingOnThisThread({ keys }: SigningKeySet): JWKS {
  return { keys: keys.map((jwk) => (jwk.alg === 'ES256' ? new Es256SigningKey(jwk) : jwk)) }
}

/** The engine accepts a key that signs in its own way only as a subclass. */
class Es256SigningKey extends ExternalSigningKey {
  readonly #privateKey: KeyObject
  readonly #publicKey: KeyObject

  constructor({ kid, crv = '', x = '', y = '', d = '' }: JWK) {
    super()
    this.#privateKey = createPrivateKey({ key: { kty: 'EC', crv, x, y, d }, format: 'jwk' })
    this.#publicKey = createPublicKey(this.#privateKey)
    Object.assign(this, { kid, alg: 'ES256' })
  }

  override keyObject(): KeyObject {
    return this.#publicKey
  }

  override sign(data: Uint8Array): Uint8Array {
    // With `dsaEncoding: 'ieee-p1363'`, Node.js takes twice as long: it first tests whether the object
    // that holds both is itself a key.
    return joseSignature(sign('sha256', data, this.#privateKey))
  }
}

/**
 * An ECDSA signature in DER (a SEQUENCE of two INTEGERs) as JOSE encodes it. An INTEGER has no
 * leading zeros, and one zero byte more when it would otherwise be negative.
 */
export function joseSignature(der: Uint8Array): Uint8Array {
  const signature = new Uint8Array(2 * halfBytes)
  // Tag and length of the SEQUENCE, which is shorter than 128 bytes.
  let at = 2
  for (const end of [halfBytes, 2 * halfBytes]) {
    const length = der[at + 1] ?? 0
    at += 2 + length
    const integer = der.subarray(at - Math.min(length, halfBytes), at)
    signature.set(integer, end - integer.byteLength)
  }
  return signature
}
