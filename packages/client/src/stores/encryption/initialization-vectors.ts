import { randomFillSync } from 'node:crypto'

/** How many are drawn at once: a call of the random number generator costs as much as an encryption. */
const drawn = 256

/**
 * Returns random initialization vectors, each used once.
 *
 * @param length - In bytes.
 */
export function initializationVectors(length: number): () => Buffer {
  let pool = Buffer.alloc(0)
  let used = 0
  return () => {
    if (used === pool.length) {
      pool = randomFillSync(Buffer.allocUnsafeSlow(length * drawn))
      used = 0
    }
    used += length
    return pool.subarray(used - length, used)
  }
}
