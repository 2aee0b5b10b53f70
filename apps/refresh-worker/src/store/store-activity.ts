import type { RecordStore } from '@evergrant/client'

/** When a store was last used. Times are of a monotonic clock, in milliseconds. */
export interface StoreActivity {
  /** When the store was last asked for something. */
  readonly askedAt: number
  /** When it last answered. */
  readonly answeredAt: number
}

/** Notes when a store is asked and answers. The loop of a worker asks every few seconds. */
export function watchStore<Store extends RecordStore>(
  store: Store,
): { readonly store: Store; readonly activity: StoreActivity } {
  const activity = { askedAt: performance.now(), answeredAt: performance.now() }

  function noting<Values extends unknown[], Result>(
    ask: (...values: Values) => Promise<Result>,
  ): (...values: Values) => Promise<Result> {
    return async (...values) => {
      activity.askedAt = performance.now()
      const answer = await ask(...values)
      activity.answeredAt = performance.now()
      return answer
    }
  }

  const { read, write, due } = store
  const watched = {
    ...store,
    read: noting(read),
    write: noting(write),
    due: { ...due, claim: noting(due.claim), set: noting(due.set) },
  }
  return { store: watched, activity }
}
