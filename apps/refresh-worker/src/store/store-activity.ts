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

  async function noting<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    activity.askedAt = performance.now()
    const answer = await ask()
    activity.answeredAt = performance.now()
    return answer
  }

  const watched: Store = {
    ...store,
    read: (...values) => noting(() => store.read(...values)),
    write: (...values) => noting(() => store.write(...values)),
    due: {
      ...store.due,
      claim: (...values) => noting(() => store.due.claim(...values)),
      set: (...values) => noting(() => store.due.set(...values)),
    },
  }
  return { store: watched, activity }
}
