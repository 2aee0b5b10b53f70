import type { FetchedKeys } from './key-cache.ts'

/** Tracks which keys tokens named that a fetch did not contain. */
export interface MissingKeys {
  /**
   * Records the keys in use. After a new fetch, the keys that were expected before or withdrawn by it are
   * known to be missing.
   *
   * @param label - The key that this fetch was made for.
   */
  fetched(keys: FetchedKeys, label: string | undefined): void
  /** Records a key that the next fetch may contain. */
  expect(label: string): void
  /** Whether a key was already expected before the last fetch. It is not a new key. */
  isKnown(label: string): boolean
}

/** Tokens come from unknown senders, so the number of remembered keys has a limit. */
const maximumRemembered = 256

/**
 * Decides which unknown keys may be new. A key that is named for the first time after a fetch may have
 * been published since then. One that was named before the fetch, and was not in it, does not exist.
 * Without this, tokens of a removed key would get 503 after every fetch.
 */
export function missingKeys(): MissingKeys {
  let lastSequence = 0
  let expected = new Set<string>()
  let known = new Set<string>()

  return {
    fetched(keys, label) {
      if (keys.sequence > lastSequence) {
        // A key that was withdrawn is not a new one.
        known = new Set([...expected, ...keys.withdrawnKeyIds])
        expected = new Set()
        lastSequence = keys.sequence
      }
      if (label !== undefined) known.add(label)
    },
    expect(label) {
      if (expected.size < maximumRemembered) expected.add(label)
    },
    isKnown: (label) => known.has(label),
  }
}
