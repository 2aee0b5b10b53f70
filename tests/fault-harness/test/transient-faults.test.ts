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

/** The faults that left something behind, whole, so that a failure says which and what. */
function harmful(reports: readonly FaultReport[]): readonly FaultReport[] {
  return reports.filter(
    ({ signIns, grantAlive, recovered }) => signIns > 0 || !grantAlive || !recovered,
  )
}

/** One of each family: the others differ in what the token endpoint does, not in the store. */
const fewServerFaults = ['503 with Retry-After: 30', 'a connection reset']

function codes(reports: readonly FaultReport[]): string[] {
  return [...new Set(reports.flatMap(({ errors }) => Object.keys(errors)))]
}

const stores = testedStores('transient faults')

for (const { store, available } of stores) {
  const onlyFew = store === 'file' || full ? undefined : fewServerFaults

  describe.runIf(available)(`over ${store}`, () => {
    test(
      'whatever goes wrong at the token endpoint, nobody signs in and the grant is kept',
      { tags: ['C-53'] },
      async () => {
        const reports = await meetServerFaults(store, onlyFew)
        expect(reports.length).toBe(onlyFew?.length ?? 15)
        expect(harmful(reports)).toEqual([])
        // The first attempt, and one at once where no answer came: not one for each process.
        expect(Math.max(...reports.map(({ requests }) => requests))).toBe(2)
        expect(codes(reports)).toEqual(['TEMPORARILY_UNAVAILABLE'])
      },
    )
  })
}

test(
  'a disk that cannot be written spends no refresh token and costs no sign-in',
  { tags: ['C-52', 'C-53'] },
  async () => {
    const reports = await meetDiskFaults()
    // Limits on the size of files are the POSIX shell's; elsewhere the failing store stands in.
    if (canSuspend) reports.push(await meetFileSizeLimit())
    expect(harmful(reports)).toEqual([])
    expect(reports.map(({ requests }) => requests)).toEqual(reports.map(() => 0))
    for (const code of codes(reports)) expect(code).toMatch(/^TOKEN_STORE_/)
  },
)

test(
  'a disk that fills up after the answer costs no sign-in, even without grace',
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
      'a database that cannot be written or reached costs no sign-in, even without grace',
      { tags: ['C-52', 'C-53'] },
      async () => {
        const { atStart, atSave } = await meetDatabaseFaults(store)
        expect(harmful([...atStart, atSave])).toEqual([])
        expect([...atStart, atSave].map(({ requests }) => requests)).toEqual([0, 0, 1])
        for (const code of codes([...atStart, atSave])) {
          // Whoever finds the lock taken is told that somebody else is at work.
          expect(code).toMatch(/^TOKEN_STORE_|^TEMPORARILY_UNAVAILABLE$/)
        }
      },
    )

    test(
      'a connection that breaks after the answer costs no sign-in where the server has grace',
      { tags: ['C-52', 'C-53'] },
      async () => {
        const report = await meetCutAtSave(store)
        expect(harmful([report])).toEqual([])
        // The second presents the spent token again, and the server repeats its answer.
        expect(report.requests).toBe(2)
      },
    )
  })
}
