/** What is found: something about a token. */
interface Indexed {
  /** The value of the `Authorization` header in its usual spelling: `Bearer <token>`. */
  readonly authorization: string
}

/** Finds what is known about JWTs by the header of a request. */
export interface BearerIndex<Entry extends Indexed> {
  find(authorization: string): Entry | undefined
  add(entry: Entry): void
  /** Does nothing if the entry is not in the index. */
  remove(entry: Entry): void
}

/** How many characters a number depends on: 96 bits of a signature. */
const numberedLength = 16
/** Of the 32-bit FNV-1a hash. */
const fnvPrime = 0x01000193

/**
 * Creates an index of numbers, which are computed from the last characters of JWTs and compared faster than
 * texts. What is found is then compared as a whole. Two tokens rarely have the same number. Then, the index
 * contains only the one that was added last.
 *
 * Only for tokens that end with a signature: a sender who does not know its last characters does not get as
 * far as the comparison, whose time could reveal the others.
 */
export function createBearerIndex<Entry extends Indexed>(): BearerIndex<Entry> {
  // Random, so that only this process knows which tokens have the same number.
  const [seed = 0] = crypto.getRandomValues(new Int32Array(1))
  const entries = new Map<number, Entry>()

  function numberOf(text: string): number {
    let number = seed
    for (let index = Math.max(0, text.length - numberedLength); index < text.length; index += 1) {
      number = Math.imul(number ^ text.charCodeAt(index), fnvPrime)
    }
    return number
  }

  return {
    find(authorization) {
      const entry = entries.get(numberOf(authorization))
      return entry?.authorization === authorization ? entry : undefined
    },
    add(entry) {
      entries.set(numberOf(entry.authorization), entry)
    },
    remove(entry) {
      const number = numberOf(entry.authorization)
      if (entries.get(number) === entry) entries.delete(number)
    },
  }
}
