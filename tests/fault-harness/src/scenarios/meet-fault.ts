import type { Answer } from '../messages.ts'
import type { World } from '../testbed.ts'
import { within } from '../waiting.ts'
import { succeeded } from './one-refresh.ts'

/** What one fault cost. */
export interface FaultReport {
  readonly fault: string
  /** Errors that callers met while it lasted, by code. */
  readonly errors: Readonly<Record<string, number>>
  /** Refresh requests while it lasted, over all processes. */
  readonly requests: number
  /** Sign-in errors, during the fault and after it. */
  readonly signIns: number
  readonly grantAlive: boolean
  /** Whether every caller of every process got a token once it was over. */
  readonly recovered: boolean
}

/** How many processes meet a fault, and how many callers in each. */
export const processes = 4
export const callers = 4

/** Longer than any back-off of these faults. */
const overSeconds = 120

/**
 * Lets processes meet a fault, ends it, and looks at what it left behind.
 *
 * @param during - What they do while it lasts.
 */
export async function meet(
  world: World,
  fault: string,
  during: () => Promise<(Answer | undefined)[]>,
  end: () => unknown,
): Promise<FaultReport> {
  const before = world.as.refreshRequests()
  const failing = await during()
  // A request that outlasts its callers' patience has met the fault, too.
  await world.all('idle', 0)
  const requests = world.as.refreshRequests() - before
  await end()
  const after = await within(60_000, recover(world), `Callers get no token after ${fault}.`)
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
    grantAlive: world.as.isGrantAlive() && (await world.isStoredTokenLive()),
    recovered: succeeded(after) === world.workers.length * callers,
  }
}

/**
 * Has every caller of every process ask until each has a token. A caller that is told to try again
 * later does so: these processes have short time limits, which a busy machine can exceed. Any other
 * error ends the attempt.
 */
async function recover(world: World): Promise<(Answer | undefined)[]> {
  for (;;) {
    await world.advance(overSeconds)
    const answers = await world.all('tokens', callers)
    await world.all('idle', 0)
    const codes = answers.flatMap((answer) => Object.keys(answer?.errors ?? {}))
    if (codes.length === 0 || codes.some((code) => code !== 'TEMPORARILY_UNAVAILABLE')) {
      return answers
    }
  }
}
