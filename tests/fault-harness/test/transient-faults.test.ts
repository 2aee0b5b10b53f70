import { describe, expect, test } from 'vitest'
import { full } from '../src/counts.ts'
import { canSuspend } from '../src/platform.ts'
import { meetCutAtSave, meetDatabaseFaults } from '../src/scenarios/database-faults.ts'
import {
  meetDiskFaults,
  meetDiskFullAtSave,
  meetFileSizeLimit,
} from '../src/scenarios/disk-faults.ts'
import type { FaultReport } from '../src/scenarios/meet-fault.ts'
import { meetServerFaults } from '../src/scenarios/server-faults.ts'
import { testedStores } from './support/stores.ts'

/** The complete reports of faults that did harm, so that a failure shows which fault and what. */
function harmful(reports: readonly FaultReport[]): readonly FaultReport[] {
  return reports.filter(
    ({ signIns, grantAlive, recovered }) => signIns > 0 || !grantAlive || !recovered,
  )
}

/** One fault of each kind. The others differ at the token endpoint, not in the store. */
const fewServerFaults = ['503 with Retry-After: 30', 'a connection reset']

function codes(reports: readonly FaultReport[]): string[] {
  return [...new Set(reports.flatMap(({ errors }) => Object.keys(errors)))]
}

const stores = testedStores('transient faults')

for (const { store, available } of stores) {
  const onlyFew = store === 'file' || full ? undefined : fewServerFaults

  describe.runIf(available)(`over ${store}`, () => {
    test(
      'fault at the token endpoint: the grant survives and no sign-in is needed',
      { tags: ['C-53'] },
      async () => {
        const reports = await meetServerFaults(store, onlyFew)
        expect(reports.length).toBe(onlyFew?.length ?? 15)
        expect(harmful(reports)).toEqual([])
        // The first attempt, and an immediate second one if no response came. Not one per process.
        expect(Math.max(...reports.map(({ requests }) => requests))).toBe(2)
        expect(codes(reports)).toEqual(['TEMPORARILY_UNAVAILABLE'])
      },
    )
  })
}

test(
  'disk cannot be written: no refresh token is spent and no sign-in is needed',
  { tags: ['C-52', 'C-53'] },
  async () => {
    const reports = await meetDiskFaults()
    // The POSIX shell sets the limit on file sizes. Elsewhere the failing store replaces it.
    if (canSuspend) reports.push(await meetFileSizeLimit())
    expect(harmful(reports)).toEqual([])
    expect(reports.map(({ requests }) => requests)).toEqual(reports.map(() => 0))
    for (const code of codes(reports)) expect(code).toMatch(/^TOKEN_STORE_/)
  },
)

test(
  'disk fills up after the response: no sign-in is needed, even without grace',
  { tags: ['C-52', 'C-53'] },
  async () => {
    const report = await meetDiskFullAtSave()
    expect(harmful([report])).toEqual([])
    expect(report.requests).toBe(1)
  },
)

for (const { store, available } of stores) {
  if (store === 'file') continue

  describe.runIf(available)(`over ${store}`, () => {
    test(
      'database cannot be written or reached: no sign-in is needed, even without grace',
      { tags: ['C-52', 'C-53'] },
      async () => {
        const { atStart, atSave } = await meetDatabaseFaults(store)
        expect(harmful([...atStart, atSave])).toEqual([])
        expect([...atStart, atSave].map(({ requests }) => requests)).toEqual([0, 0, 1])
        for (const code of codes([...atStart, atSave])) {
          // A caller that finds the lock taken receives TEMPORARILY_UNAVAILABLE.
          expect(code).toMatch(/^TOKEN_STORE_|^TEMPORARILY_UNAVAILABLE$/)
        }
      },
    )

    test(
      'database connection breaks after the response, server with grace: no sign-in is needed',
      { tags: ['C-52', 'C-53'] },
      async () => {
        const report = await meetCutAtSave(store)
        expect(harmful([report])).toEqual([])
        // The second request presents the spent token again, and the server repeats its response.
        expect(report.requests).toBe(2)
      },
    )
  })
}
