import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '../messages.ts'
import type { StoreKind } from '../stores/store-kind.ts'
import { until } from '../waiting.ts'
import type { World, WorldOptions } from '../testbed.ts'
import { lifetimeSeconds, startWorld } from '../testbed.ts'
import { succeeded } from './one-refresh.ts'

/** What came of requests to the MCP server while clocks did what clocks do. */
export interface ClockReport {
  readonly requests: number
  /** Requests that ended with 200. */
  readonly succeeded: number
  readonly refreshRequests: number
  /** How often the MCP server answered 401 to an access token. */
  readonly rejections: number
  readonly signIns: number
  readonly grantAlive: boolean
}

const processes = 4
const callers = 4

/** The machine's clock jumps an hour ahead while tokens are fresh, and back again. */
export async function clockJumps(
  store: StoreKind,
): Promise<{ forward: ClockReport; back: ClockReport }> {
  await using world = await readyWorld({ store, processes })
  const forward = await observe(world, async () => {
    world.setMachineClock(3600)
    return await requestsOfAll(world)
  })
  const back = await observe(world, async () => {
    world.setMachineClock(0)
    return await requestsOfAll(world)
  })
  return { forward, back }
}

/** The machine's clock is set back, so that a token that has expired looks young. */
export async function expiryUnseen(store: StoreKind): Promise<ClockReport> {
  await using world = await readyWorld({ store, processes })
  await world.advance(lifetimeSeconds + 20)
  world.setMachineClock(-lifetimeSeconds)
  return await observe(world, () => requestsOfAll(world))
}

/** Every process stands still past the expiry, as on a laptop that sleeps. Not on Windows. */
export async function sleepPastExpiry(store: StoreKind): Promise<ClockReport> {
  await using world = await readyWorld({ store, processes })
  for (const worker of world.workers) worker.suspend()
  await world.advance(8 * 3600)
  for (const worker of world.workers) worker.resume()
  return await observe(world, () => requestsOfAll(world))
}

/**
 * The laptop falls asleep when the server has rotated the token and its answer is on the way, and
 * wakes after the request's time limit. The server has no grace. Not on Windows.
 */
export async function sleepDuringRefresh(store: StoreKind): Promise<ClockReport> {
  // Long enough to suspend all processes on a busy machine before a request reaches its limit.
  const requestTimeoutMilliseconds = 4000
  await using world = await readyWorld({ store, processes, requestTimeoutMilliseconds })
  await world.advance(lifetimeSeconds)
  const wokenUp = Promise.withResolvers<void>()
  world.as.faults.token.push({ kind: 'hang', afterCommit: true, until: wokenUp.promise })
  return await observe(world, async () => {
    const answers = requestsOfAll(world)
    await until(() => world.as.requests.some(({ fault, outcome }) => held(fault, outcome)))
    for (const worker of world.workers) worker.suspend()
    wokenUp.resolve()
    await pause(1.5 * requestTimeoutMilliseconds)
    for (const worker of world.workers) worker.resume()
    return await answers
  })
}

/** Machines whose clocks and the servers' are within two minutes of each other, over expiries. */
export async function skewedClocks(store: StoreKind, expiries: number): Promise<ClockReport> {
  await using world = await readyWorld({
    store,
    processes: 4,
    clockSkewsSeconds: [-60, -20, 20, 60],
  })
  world.setMachineClock(60)
  const stepSeconds = 50
  return await observe(world, async () => {
    const answers: (Answer | undefined)[] = []
    for (let age = 0; age < expiries * lifetimeSeconds; age += stepSeconds) {
      await world.advance(stepSeconds)
      answers.push(...(await requestsOfAll(world)))
      await world.all('idle', 0)
    }
    return answers
  })
}

/** A world whose processes all know the current token. */
async function readyWorld(options: WorldOptions): Promise<World> {
  const world = await startWorld(options)
  await requestsOfAll(world)
  return world
}

function requestsOfAll(world: World): Promise<(Answer | undefined)[]> {
  return world.all('requests', callers)
}

function held(fault: string, outcome: string): boolean {
  return fault === 'hang' && outcome !== 'not-reached'
}

async function observe(
  world: World,
  happening: () => Promise<(Answer | undefined)[]>,
): Promise<ClockReport> {
  const refreshesBefore = world.as.refreshRequests()
  const rejectionsBefore = world.mcp.count(401)
  const answers = await happening()
  await world.all('idle', 0)
  return {
    requests: answers.length * callers,
    succeeded: Math.min(
      succeeded(answers),
      answers.reduce((sum, answer) => sum + (answer?.statuses['200'] ?? 0), 0),
    ),
    refreshRequests: world.as.refreshRequests() - refreshesBefore,
    rejections: world.mcp.count(401) - rejectionsBefore,
    signIns: answers.reduce((sum, answer) => sum + (answer?.errors['SIGN_IN_REQUIRED'] ?? 0), 0),
    grantAlive: world.as.isGrantAlive() && (await world.isStoredTokenLive()),
  }
}
