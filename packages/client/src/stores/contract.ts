import { concurrentWriteChecks } from './contract/concurrent-writes.ts'
import { dueChecks } from './contract/due-grants.ts'
import { lockChecks } from './contract/locks.ts'
import { readAndWriteChecks } from './contract/read-and-write.ts'
import { removalChecks } from './contract/removal.ts'
import type { RecordStore } from './store.ts'

/** One promise of {@link RecordStore}, as a check for any test framework. */
export interface StoreContractCheck {
  readonly name: string
  /** Rejects with an `Error` that names the promise. */
  readonly run: () => Promise<void>
}

/** How the contract opens stores. */
export interface StoreContractSubject {
  /**
   * Opens a store. Within one check, every call opens a store over the same records, as another
   * process would.
   */
  open(): Promise<RecordStore>
  /** Removes all records; called before each check. */
  reset(): Promise<void>
}

/**
 * The checks that every record store must pass.
 *
 * @example
 * for (const check of storeContract(subject)) test(check.name, check.run)
 */
export function storeContract(subject: StoreContractSubject): readonly StoreContractCheck[] {
  const contract = [
    ...readAndWriteChecks,
    ...concurrentWriteChecks,
    ...removalChecks,
    ...lockChecks,
    ...dueChecks,
  ]
  return contract.map(({ name, check }) => ({
    name,
    async run() {
      await subject.reset()
      const opened: RecordStore[] = []
      async function open(): Promise<RecordStore> {
        const store = await subject.open()
        opened.push(store)
        return store
      }
      try {
        await check(open)
      } finally {
        await Promise.all(opened.map((store) => store.close()))
      }
    },
  }))
}
