import { expect, test } from 'vitest'
import { canSuspend } from '../src/platform.ts'
import type { FaultReport } from '../src/scenarios/transient-faults.ts'
import {
  meetDiskFaults,
  meetDiskFullAtSave,
  meetFileSizeLimit,
  meetServerFaults,
} from '../src/scenarios/transient-faults.ts'

/** What every fault has to leave behind. */
const harmless = { signIns: 0, grantAlive: true, recovered: true }

function codes(reports: readonly FaultReport[]): string[] {
  return [...new Set(reports.flatMap(({ errors }) => Object.keys(errors)))]
}

test(
  'whatever goes wrong at the token endpoint, nobody signs in and the grant is kept',
  { tags: ['C-53'] },
  async () => {
    const reports = await meetServerFaults()
    expect(reports.length).toBe(15)
    for (const report of reports) expect(report).toMatchObject(harmless)
    // The first attempt, and one at once where no answer came: not one for each process.
    expect(Math.max(...reports.map(({ requests }) => requests))).toBe(2)
    expect(codes(reports)).toEqual(['TEMPORARILY_UNAVAILABLE'])
  },
)

test(
  'a disk that cannot be written spends no refresh token and costs no sign-in',
  { tags: ['C-52', 'C-53'] },
  async () => {
    const reports = await meetDiskFaults()
    // Limits on the size of files are the POSIX shell's; elsewhere the failing store stands in.
    if (canSuspend) reports.push(await meetFileSizeLimit())
    for (const report of reports) expect(report).toMatchObject({ ...harmless, requests: 0 })
    for (const code of codes(reports)) expect(code).toMatch(/^TOKEN_STORE_/)
  },
)

test(
  'a disk that fills up after the answer costs no sign-in, even without grace',
  { tags: ['C-52', 'C-53'] },
  async () => {
    expect(await meetDiskFullAtSave()).toMatchObject({ ...harmless, requests: 1 })
  },
)
