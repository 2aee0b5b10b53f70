/** Limits of a {@link LimitedCache}. */
export interface CacheLimits {
  readonly maximumEntries: number
  readonly maximumBytes: number
}

/** What is kept in a {@link LimitedCache}. */
export interface Limited {
  readonly bytes: number
  /** Set it to `true` with each use. The cache sets it back. */
  wasUsed: boolean
}

/** Values by a key. When a limit is reached, values that were not used lately are dropped. */
export interface LimitedCache<Value extends Limited> {
  find(key: string): Value | undefined
  /**
   * Adds a value in place of an earlier one.
   *
   * @returns Whether it was added. A value that is larger than the cache is not.
   */
  add(key: string, value: Value): boolean
  remove(key: string): void
}

/**
 * Makes a cache. To make room, it goes from the oldest value to the newest and around again: it spares a value that
 * was used since it last came by, and drops one that was not. So a use costs no more than a note on the value, and
 * values that are used once do not displace those that are used often.
 *
 * @param onDrop - Receives each value that is no longer in the cache.
 * @see Zhang et al., "SIEVE is Simpler than LRU" (NSDI 2024)
 */
export function limitedCache<Value extends Limited>(
  { maximumEntries, maximumBytes }: CacheLimits,
  onDrop: (value: Value) => void = () => undefined,
): LimitedCache<Value> {
  // In the order of insertion.
  const values = new Map<string, Value>()
  let bytes = 0
  /** Continues where it stopped, also behind values that were added since then. */
  let hand = values.entries()

  function remove(key: string): void {
    const value = values.get(key)
    if (value === undefined) return
    values.delete(key)
    bytes -= value.bytes
    onDrop(value)
  }

  function next(): [string, Value] | undefined {
    const { value: entry } = hand.next()
    if (entry !== undefined) return entry
    // An iterator that has reached the end stays there.
    hand = values.entries()
    return hand.next().value
  }

  function dropOne(): void {
    for (let entry = next(); entry !== undefined; entry = next()) {
      const [key, value] = entry
      if (!value.wasUsed) {
        remove(key)
        return
      }
      value.wasUsed = false
    }
  }

  return {
    find: (key) => values.get(key),
    add(key, value) {
      remove(key)
      if (value.bytes > maximumBytes) return false
      while (values.size >= maximumEntries || bytes + value.bytes > maximumBytes) dropOne()
      values.set(key, value)
      bytes += value.bytes
      return true
    },
    remove,
  }
}
