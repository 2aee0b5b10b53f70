import type { SessionOptions } from '@evergrant/client'
import type { Life } from '../world/machine.ts'

type RecordStore = SessionOptions['store']

/**
 * The store as one process reaches it. When the process ends, its locks are released, as the kernel and
 * a database release them, and nothing that it waited for happens.
 */
export function storeOfProcess(store: RecordStore, life: Life): RecordStore {
  return {
    ...store,
    async lock(name, options) {
      const outcome = await store.lock(name, options)
      if (outcome.outcome !== 'acquired') return outcome
      if (!life.isAlive()) {
        await outcome.lock.release()
        return await new Promise<never>(() => {})
      }
      life.onEnd(() => void outcome.lock.release())
      return outcome
    },
  }
}
