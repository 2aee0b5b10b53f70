import type { KeyObject, VerifyKeyObjectInput } from 'node:crypto'
import type * as NodeCrypto from 'node:crypto'
import type { CryptoKey } from 'jose'
import type { MaybePromise } from '../lib/maybe-promise.ts'

/** Verifies a signature. The promise rejects only for a key that `node:crypto` cannot use. */
export type VerifyWithKey = (
  algorithm: string,
  key: CryptoKey,
  data: Uint8Array,
  signature: Uint8Array,
) => MaybePromise<boolean>

interface EcdsaParameters {
  readonly digest: string
  readonly curve: string
  /** The length of each of the two numbers of a signature. */
  readonly numberBytes: number
}

const ecdsa: Readonly<Record<string, EcdsaParameters>> = {
  ES256: { digest: 'sha256', curve: 'P-256', numberBytes: 32 },
  ES384: { digest: 'sha384', curve: 'P-384', numberBytes: 48 },
  ES512: { digest: 'sha512', curve: 'P-521', numberBytes: 66 },
}

const rsa: Readonly<Record<string, { readonly name: string; readonly digest: string }>> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', digest: 'sha256' },
  RS384: { name: 'RSASSA-PKCS1-v1_5', digest: 'sha384' },
  RS512: { name: 'RSASSA-PKCS1-v1_5', digest: 'sha512' },
  PS256: { name: 'RSA-PSS', digest: 'sha256' },
  PS384: { name: 'RSA-PSS', digest: 'sha384' },
  PS512: { name: 'RSA-PSS', digest: 'sha512' },
}

/** RFC 7518 §3.3. jose has the same limit. */
const minimumModulusBits = 2048

/**
 * Verifies signatures with `node:crypto`, in its thread pool like Web Crypto, which takes longer because it checks
 * the key and the algorithm again.
 *
 * A key of another type than the algorithm's verifies nothing.
 *
 * @see RFC 7518 §3.1, RFC 8037 §3.1
 */
export function createNodeSignatures(crypto: typeof NodeCrypto): VerifyWithKey {
  const { KeyObject: KeyObjects, constants } = crypto
  const objects = new WeakMap<CryptoKey, KeyObject>()

  function objectOf(key: CryptoKey): KeyObject {
    const known = objects.get(key)
    if (known !== undefined) return known
    const object = KeyObjects.from(key)
    objects.set(key, object)
    return object
  }

  function verify(
    digest: string | null,
    data: Uint8Array,
    key: KeyObject | VerifyKeyObjectInput,
    signature: Uint8Array,
  ): Promise<boolean> {
    return new Promise((resolve, reject) => {
      crypto.verify(digest, data, key, signature, (error, isValid) => {
        if (error === null) resolve(isValid)
        else reject(error)
      })
    })
  }

  return (algorithm, key, data, signature) => {
    const { name, namedCurve, modulusLength, hash } = parametersOf(key)
    if (algorithm === 'EdDSA' || algorithm === 'Ed25519') {
      return name === 'Ed25519' && verify(null, data, objectOf(key), signature)
    }
    const curve = Object.hasOwn(ecdsa, algorithm) ? ecdsa[algorithm] : undefined
    if (curve !== undefined) {
      const { numberBytes, digest } = curve
      if (name !== 'ECDSA' || namedCurve !== curve.curve) return false
      if (signature.byteLength !== 2 * numberBytes) return false
      return verify(digest, data, objectOf(key), derSignature(signature, numberBytes))
    }
    const scheme = Object.hasOwn(rsa, algorithm) ? rsa[algorithm] : undefined
    if (scheme === undefined || name !== scheme.name) return false
    if (hash !== scheme.digest || (modulusLength ?? 0) < minimumModulusBits) return false
    const object = objectOf(key)
    if (scheme.name === 'RSASSA-PKCS1-v1_5') return verify(scheme.digest, data, object, signature)
    const padding = constants.RSA_PKCS1_PSS_PADDING
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
    return verify(scheme.digest, data, { key: object, padding, saltLength }, signature)
  }
}

interface KeyParameters {
  readonly name: string
  readonly namedCurve?: string
  readonly modulusLength?: number
  /** As `node:crypto` names it. */
  readonly hash: string | undefined
}

function parametersOf({ algorithm }: CryptoKey): KeyParameters {
  const { hash, ...others }: Omit<KeyParameters, 'hash'> & { readonly hash?: { name: string } } =
    algorithm
  return { ...others, hash: hash?.name.toLowerCase().replace('-', '') }
}

/**
 * Converts the two numbers of an ECDSA signature to DER (RFC 3279 §2.2.3). `verify` could do it, and then takes
 * half as long again.
 */
function derSignature(signature: Uint8Array, numberBytes: number): Uint8Array {
  const first = derNumber(signature.subarray(0, numberBytes))
  const second = derNumber(signature.subarray(numberBytes))
  const length = first.length + second.length
  // Only P-521 has more than 127 bytes.
  const headLength = length < 128 ? 2 : 3
  const der = new Uint8Array(headLength + length)
  der[0] = 0x30
  if (headLength === 3) der[1] = 0x81
  der[headLength - 1] = length
  writeNumber(der, headLength, first)
  writeNumber(der, headLength + first.length, second)
  return der
}

interface DerNumber {
  /** Without leading zeros. */
  readonly digits: Uint8Array
  /** Of the encoded number: type, length, a zero if the first bit is 1, digits. */
  readonly length: number
}

function derNumber(bytes: Uint8Array): DerNumber {
  let start = 0
  while (start < bytes.byteLength - 1 && bytes[start] === 0) start += 1
  const digits = bytes.subarray(start)
  const isNegative = (digits[0] ?? 0) >= 0x80
  return { digits, length: 2 + (isNegative ? 1 : 0) + digits.byteLength }
}

function writeNumber(der: Uint8Array, offset: number, { digits, length }: DerNumber): void {
  der[offset] = 0x02
  der[offset + 1] = length - 2
  der.set(digits, offset + length - digits.byteLength)
}
