/** A time by two clocks: one that is never set, and one that continues while the machine sleeps. */
export interface Moment {
  readonly monotonicMilliseconds: number
  readonly wallMilliseconds: number
}

export function thisMoment(): Moment {
  return { monotonicMilliseconds: performance.now(), wallMilliseconds: Date.now() }
}

/**
 * How long ago a time was at most, in milliseconds. The larger value of the two clocks counts, because
 * the monotonic clock stops in a suspended machine, and the wall clock can be set back.
 */
export function millisecondsSince(moment: Moment): number {
  return Math.max(
    performance.now() - moment.monotonicMilliseconds,
    Date.now() - moment.wallMilliseconds,
  )
}

/**
 * Waits for work, but no longer than `milliseconds`.
 *
 * @param late - Receives a result that arrives later, to release it.
 */
export async function within<Value>(
  milliseconds: number,
  what: string,
  work: Promise<Value>,
  late?: (value: Value) => void,
): Promise<Value> {
  const deadline = Promise.withResolvers<never>()
  let inTime = true
  const timer = setTimeout(() => {
    inTime = false
    deadline.reject(new Error(`${what} did not answer within ${milliseconds} ms.`))
  }, milliseconds)
  async function releaseLate(): Promise<void> {
    const value = await work
    if (!inTime) late?.(value)
  }
  releaseLate().catch(() => undefined)
  try {
    return await Promise.race([work, deadline.promise])
  } finally {
    clearTimeout(timer)
  }
}
