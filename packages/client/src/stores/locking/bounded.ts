/** A moment, by the clock that never steps and by the one that goes on while the machine sleeps. */
export interface Moment {
  readonly monotonicMilliseconds: number
  readonly wallMilliseconds: number
}

export function thisMoment(): Moment {
  return { monotonicMilliseconds: performance.now(), wallMilliseconds: Date.now() }
}

/**
 * How long ago a moment may have been, in milliseconds: the larger answer of the two clocks, since
 * the monotonic one stands still in a suspended machine, and the wall clock can be set back.
 */
export function millisecondsSince(moment: Moment): number {
  return Math.max(
    performance.now() - moment.monotonicMilliseconds,
    Date.now() - moment.wallMilliseconds,
  )
}

/**
 * Waits for work, and no longer than `milliseconds`.
 *
 * @param late - Receives what comes after that, to give it back.
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
  async function handBack(): Promise<void> {
    const value = await work
    if (!inTime) late?.(value)
  }
  handBack().catch(() => undefined)
  try {
    return await Promise.race([work, deadline.promise])
  } finally {
    clearTimeout(timer)
  }
}
