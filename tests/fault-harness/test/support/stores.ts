import type { Counts } from '../../src/counts.ts'
import { testCounts } from '../../src/counts.ts'
import type { StoreKind } from '../../src/stores/store-kind.ts'
import { storeKinds, whyNotRun } from '../../src/stores/store-kind.ts'

/** A store to run a suite over, or the reason why it cannot be. */
export interface TestedStore {
  readonly store: StoreKind
  readonly counts: Counts
  readonly available: boolean
}

/** All stores; says where a person sees it which of them a suite does not run over. */
export function testedStores(suite: string): readonly TestedStore[] {
  return storeKinds.map((store) => {
    const reason = whyNotRun(store)
    if (reason !== undefined) {
      process.stderr.write(`\nNOT RUN: ${suite} over ${store}, since ${reason}\n`)
    }
    return { store, counts: testCounts(store), available: reason === undefined }
  })
}
