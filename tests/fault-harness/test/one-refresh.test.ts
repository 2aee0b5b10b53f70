import { describe, expect, test } from 'vitest'
import { full } from '../src/counts.ts'
import { countManyExpiries, countOneExpiry } from '../src/scenarios/one-refresh.ts'
import { testedStores } from './support/stores.ts'

for (const { store, counts, available } of testedStores('one refresh for many processes')) {
  describe.runIf(available)(`over ${store}`, () => {
    test.each(counts.processes)(
      'one expiry, %i processes with many callers each: one refresh request in total',
      { tags: ['C-51'] },
      async (processes) => {
        for (const seen of await countOneExpiry(store, processes, counts.callers)) {
          expect(seen).toEqual({
            processes,
            callers: seen.callers,
            refreshRequests: 1,
            lostCalls: 0,
            tokens: 1,
            grantAlive: true,
          })
        }
      },
    )

    // Over a database, the process kills repeat the expiry as well.
    test.runIf(store === 'file' || full)(
      'many expiries, 8 processes with 8 callers each: no grant and no call is lost',
      { tags: ['C-50', 'C-51'], timeout: 300_000 },
      async () => {
        expect(await countManyExpiries(store, counts.expiries, 8, 8)).toEqual({
          expiries: counts.expiries,
          refreshRequests: counts.expiries,
          deadGrants: 0,
          lostCalls: 0,
        })
      },
    )
  })
}
