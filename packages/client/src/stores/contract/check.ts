import type { HeldLock, LockOutcome, RecordName, RecordStore } from '../store.ts'

/** One check of the contract, with the stores that it opens. */
export interface ContractCheck {
  readonly name: string
  readonly check: (open: () => Promise<RecordStore>) => Promise<void>
}

export const one: RecordName = { kind: 'grant', id: 'a'.repeat(64) }
export const other: RecordName = { kind: 'grant', id: 'b'.repeat(64) }
export const sameIdOtherKind: RecordName = { kind: 'binding', id: one.id }

/** Throws an error that names the promise, unless the condition holds. */
export function hold(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`The store breaks its contract (expected: ${promise}).`)
}

export async function acquired(locking: Promise<LockOutcome>): Promise<HeldLock> {
  const outcome = await locking
  hold(outcome.outcome === 'acquired', `a free lock is acquired, not ${outcome.outcome}`)
  return outcome.lock
}

/** The IDs of all grants, in alphabetical order. */
export async function collect(store: RecordStore): Promise<string[]> {
  const ids: string[] = []
  for await (const id of store.list('grant')) ids.push(id)
  return ids.sort()
}

export function at(stores: readonly RecordStore[], index: number): RecordStore {
  const store = stores[index % stores.length]
  hold(store !== undefined, 'a store was opened')
  return store
}
