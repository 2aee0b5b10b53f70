/** Limits of a {@link LimitedCache}. */
export interface CacheLimits {
  readonly maximumEntries: number
  readonly maximumBytes: number
}

/** Values by a key. When a limit is reached, those that were not used for the longest time are dropped. */
export interface LimitedCache<Value> {
  /** Finds a value. This is not a use, which would cost more. */
  find(key: string): Value | undefined
  noteUse(key: string): void
  /** Adds a value in place of an earlier one. A value that is larger than the cache is not kept. */
  add(key: string, value: Value): void
  remove(key: string): void
}

/**
 * Makes a cache. A `Map` keeps its keys in the order of insertion, so a used one is inserted again.
 *
 * @param onDrop - Receives each value that is no longer in the cache.
 */
export function limitedCache<Value extends { readonly bytes: number }>(
  { maximumEntries, maximumBytes }: CacheLimits,
  onDrop: (value: Value) => void = () => undefined,
): LimitedCache<Value> {
  const values = new Map<string, Value>()
  let bytes = 0
  /** Continues where it stopped. A new iterator passes the places of all removed keys first. */
  let oldestFirst = values.keys()

  function remove(key: string): void {
    const value = values.get(key)
    if (value === undefined) return
    values.delete(key)
    bytes -= value.bytes
    onDrop(value)
  }

  function isTooFull(): boolean {
    return values.size > maximumEntries || bytes > maximumBytes
  }

  function removeOldest(): void {
    let { value: oldest } = oldestFirst.next()
    if (oldest === undefined) {
      // An iterator that has reached the end stays there.
      oldestFirst = values.keys()
      oldest = oldestFirst.next().value
    }
    if (oldest !== undefined) remove(oldest)
  }

  return {
    find: (key) => values.get(key),
    noteUse(key) {
      const value = values.get(key)
      if (value === undefined) return
      values.delete(key)
      values.set(key, value)
    },
    add(key, value) {
      remove(key)
      if (value.bytes > maximumBytes) return
      values.set(key, value)
      bytes += value.bytes
      while (isTooFull()) removeOldest()
    },
    remove,
  }
}
