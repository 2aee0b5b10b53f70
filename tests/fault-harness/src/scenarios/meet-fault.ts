import type { Answer } from '../messages.ts'
import type { Testbed } from '../testbed.ts'
import { within } from '../waiting.ts'
import { succeeded } from './one-refresh.ts'

/** The effect of one fault. */
export interface FaultReport {
  readonly fault: string
  /** Errors that callers received during the fault, by code. */
  readonly errors: Readonly<Record<string, number>>
  /** Refresh requests during the fault, over all processes. */
  readonly requests: number
  /** `SIGN_IN_REQUIRED` errors, during the fault and after it. */
  readonly signIns: number
  readonly grantAlive: boolean
  /** Whether every caller of every process received a token after the fault. */
  readonly recovered: boolean
}

/** The number of processes that a fault affects, and of callers in each. */
export const processes = 4
export const callers = 4

/** Longer than any back-off after these faults. */
const overSeconds = 120

/**
 * Exposes processes to a fault, ends the fault, and reports what it cost.
 *
 * @param during - The work of the processes during the fault.
 */
export async function meet(
  testbed: Testbed,
  fault: string,
  during: () => Promise<(Answer | undefined)[]>,
  end: () => unknown,
): Promise<FaultReport> {
  const before = testbed.as.refreshRequests()
  const failing = await during()
  // A request that outlasts its callers is part of the fault, too.
  await testbed.all('idle', 0)
  const requests = testbed.as.refreshRequests() - before
  await end()
  const after = await within(60_000, recover(testbed), `Callers get no token after ${fault}.`)
  const errors: Record<string, number> = {}
  for (const answer of failing) {
    for (const [code, times] of Object.entries(answer?.errors ?? {})) {
      errors[code] = (errors[code] ?? 0) + times
    }
  }
  return {
    fault,
    errors,
    requests,
    signIns: [...failing, ...after].reduce(
      (sum, answer) => sum + (answer?.errors['SIGN_IN_REQUIRED'] ?? 0),
      0,
    ),
    grantAlive: testbed.as.isGrantAlive() && (await testbed.isStoredTokenLive()),
    recovered: succeeded(after) === testbed.workers.length * callers,
  }
}

/**
 * Requests a token from every caller of every process until each has one. The time limits of these
 * processes are short enough that a busy machine can exceed them, so `TEMPORARILY_UNAVAILABLE`
 * leads to another attempt. Any other error ends the recovery.
 */
async function recover(testbed: Testbed): Promise<(Answer | undefined)[]> {
  for (;;) {
    await testbed.advance(overSeconds)
    const answers = await testbed.all('tokens', callers)
    await testbed.all('idle', 0)
    const codes = answers.flatMap((answer) => Object.keys(answer?.errors ?? {}))
    if (codes.length === 0 || codes.some((code) => code !== 'TEMPORARILY_UNAVAILABLE')) {
      return answers
    }
  }
}
