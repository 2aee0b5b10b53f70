import { createHash } from 'node:crypto'

const names: Readonly<Record<string, string>> = { 'SHA-256': 'sha256', 'SHA-1': 'sha1' }

/**
 * Computes the digests of Web Crypto at once. Otherwise a thread computes them, and virtual time would
 * go on in the meantime, by another amount in each run.
 */
export function computeDigestsAtOnce(): void {
  const digest = async (
    algorithm: string | { readonly name: string },
    data: ArrayBuffer | ArrayBufferView,
  ): Promise<ArrayBuffer> => {
    const name = names[typeof algorithm === 'string' ? algorithm : algorithm.name]
    if (name === undefined) throw new TypeError('Expected SHA-256 or SHA-1.')
    const bytes = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data)
    return new Uint8Array(createHash(name).update(bytes).digest()).buffer
  }
  Object.defineProperty(globalThis.crypto.subtle, 'digest', { value: digest, configurable: true })
}
