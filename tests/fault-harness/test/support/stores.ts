import { reportNotRun } from '@evergrant/test-kit'
import type { Counts } from '../../src/counts.ts'
import { testCounts } from '../../src/counts.ts'
import type { StoreKind } from '../../src/stores/store-kind.ts'
import { storeKinds, whyNotRun } from '../../src/stores/store-kind.ts'

/** A store that a test suite can run over, if it is available. */
export interface TestedStore {
  readonly store: StoreKind
  readonly counts: Counts
  readonly available: boolean
}

/** All stores. Prints a NOT RUN line for each store that a suite cannot use. */
export function testedStores(suite: string): readonly TestedStore[] {
  return storeKinds.map((store) => {
    const reason = whyNotRun(store)
    if (reason !== undefined) {
      reportNotRun(`${suite} over ${store}`, reason)
    }
    return { store, counts: testCounts(store), available: reason === undefined }
  })
}
