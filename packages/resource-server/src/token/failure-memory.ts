import type { Clock } from '../lib/clock.ts'

/** After a failure, requests do not retry for this long, to avoid a flood during an outage. */
export const failurePauseSeconds = 5

export interface FailureMemory {
  note(error: unknown): void
  /** Forgets the failure after a success. */
  clear(): void
  /** Whether the last attempt failed, however long ago. */
  isFailing(): boolean
  /** The last failure, if it is recent. */
  recent(): { readonly error: unknown } | undefined
}

/** Remembers the last failure for a short time. */
export function failureMemory(clock: Clock): FailureMemory {
  let last: { readonly error: unknown; readonly atEpochSeconds: number } | undefined
  return {
    note(error) {
      last = { error, atEpochSeconds: clock.nowEpochSeconds() }
    },
    clear() {
      last = undefined
    },
    isFailing: () => last !== undefined,
    recent() {
      if (last === undefined) return undefined
      const sinceSeconds = clock.nowEpochSeconds() - last.atEpochSeconds
      return sinceSeconds >= 0 && sinceSeconds < failurePauseSeconds ? last : undefined
    },
  }
}
