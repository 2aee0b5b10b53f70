import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '../messages.ts'
import type { StoreKind } from '../stores/store-kind.ts'
import { until } from '../waiting.ts'
import type { Testbed, TestbedOptions } from '../testbed.ts'
import { lifetimeSeconds, startTestbed } from '../testbed.ts'
import { succeeded } from './one-refresh.ts'

/** The result of requests to the MCP server while clocks jump, drift or stop. */
export interface ClockReport {
  readonly requests: number
  /** Requests that received 200. */
  readonly succeeded: number
  readonly refreshRequests: number
  /** The number of 401 responses of the MCP server to an access token. */
  readonly rejections: number
  readonly signIns: number
  readonly grantAlive: boolean
}

const processes = 4
const callers = 4

/** The machine's clock jumps an hour ahead while tokens are fresh, and then back. */
export async function clockJumps(
  store: StoreKind,
): Promise<{ forward: ClockReport; back: ClockReport }> {
  await using testbed = await readyTestbed({ store, processes })
  const forward = await observe(testbed, async () => {
    testbed.setMachineClock(3600)
    return await requestsOfAll(testbed)
  })
  const back = await observe(testbed, async () => {
    testbed.setMachineClock(0)
    return await requestsOfAll(testbed)
  })
  return { forward, back }
}

/** The machine's clock is set back, so that an expired token looks fresh. */
export async function expiryUnseen(store: StoreKind): Promise<ClockReport> {
  await using testbed = await readyTestbed({ store, processes })
  await testbed.advance(lifetimeSeconds + 20)
  testbed.setMachineClock(-lifetimeSeconds)
  return await observe(testbed, () => requestsOfAll(testbed))
}

/** Every process is suspended past the expiry, as on a sleeping laptop. Not on Windows. */
export async function sleepPastExpiry(store: StoreKind): Promise<ClockReport> {
  await using testbed = await readyTestbed({ store, processes })
  for (const worker of testbed.workers) worker.suspend()
  await testbed.advance(8 * 3600)
  for (const worker of testbed.workers) worker.resume()
  return await observe(testbed, () => requestsOfAll(testbed))
}

/**
 * The laptop falls asleep after the server rotated the token and before the response arrives. It
 * wakes after the request's time limit. The server has no grace. Not on Windows.
 */
export async function sleepDuringRefresh(store: StoreKind): Promise<ClockReport> {
  // Long enough to suspend all processes on a busy machine before a request reaches its limit.
  const requestTimeoutMilliseconds = 4000
  await using testbed = await readyTestbed({ store, processes, requestTimeoutMilliseconds })
  await testbed.advance(lifetimeSeconds)
  const wokenUp = Promise.withResolvers<void>()
  testbed.as.faults.token.push({ kind: 'hang', afterCommit: true, until: wokenUp.promise })
  return await observe(testbed, async () => {
    const answers = requestsOfAll(testbed)
    await until(() => testbed.as.requests.some(({ fault, outcome }) => held(fault, outcome)))
    for (const worker of testbed.workers) worker.suspend()
    wokenUp.resolve()
    await pause(1.5 * requestTimeoutMilliseconds)
    for (const worker of testbed.workers) worker.resume()
    return await answers
  })
}

/** Machines and servers whose clocks differ by up to two minutes, over several expiries. */
export async function skewedClocks(store: StoreKind, expiries: number): Promise<ClockReport> {
  await using testbed = await readyTestbed({
    store,
    processes: 4,
    clockSkewsSeconds: [-60, -20, 20, 60],
    // A slow machine must not make a step longer than the time between a refresh and the expiry.
    clockStands: true,
  })
  testbed.setMachineClock(60)
  const stepSeconds = 50
  return await observe(testbed, async () => {
    const answers: (Answer | undefined)[] = []
    for (let age = 0; age < expiries * lifetimeSeconds; age += stepSeconds) {
      await testbed.advance(stepSeconds)
      answers.push(...(await requestsOfAll(testbed)))
      await testbed.all('idle', 0)
    }
    return answers
  })
}

/** Starts a testbed and lets every process load the current token. */
async function readyTestbed(options: TestbedOptions): Promise<Testbed> {
  const testbed = await startTestbed(options)
  await requestsOfAll(testbed)
  return testbed
}

function requestsOfAll(testbed: Testbed): Promise<(Answer | undefined)[]> {
  return testbed.all('requests', callers)
}

function held(fault: string, outcome: string): boolean {
  return fault === 'hang' && outcome !== 'not-reached'
}

async function observe(
  testbed: Testbed,
  happening: () => Promise<(Answer | undefined)[]>,
): Promise<ClockReport> {
  const refreshesBefore = testbed.as.refreshRequests()
  const rejectionsBefore = testbed.mcp.count(401)
  const answers = await happening()
  await testbed.all('idle', 0)
  return {
    requests: answers.length * callers,
    succeeded: Math.min(
      succeeded(answers),
      answers.reduce((sum, answer) => sum + (answer?.statuses['200'] ?? 0), 0),
    ),
    refreshRequests: testbed.as.refreshRequests() - refreshesBefore,
    rejections: testbed.mcp.count(401) - rejectionsBefore,
    signIns: answers.reduce((sum, answer) => sum + (answer?.errors['SIGN_IN_REQUIRED'] ?? 0), 0),
    grantAlive: testbed.as.isGrantAlive() && (await testbed.isStoredTokenLive()),
  }
}
