import { quantile } from '../statistics.ts'
import type { GuardName } from './guards.ts'
import { startIssuer } from './issuer.ts'
import type { Algorithm, TokenIssuer } from './issuer.ts'
import { load, requestWith } from './load.ts'
import type { Duration } from './load.ts'
import type { Processors } from './processors.ts'
import { startServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

/** Which tokens the requests have. */
export type Scenario = 'warm, 1 token' | 'warm, 1,000 tokens' | 'cold, 1,000 tokens'

/** The cost of requests in one slice of load. */
export interface Slice {
  readonly requestsPerSecond: number
  readonly p99Milliseconds: number
  readonly cpuMicroseconds: number
}

/** A slice of load on a guard, and one on the unprotected server, next to each other in time. */
export interface Sample {
  readonly plan: Plan['name']
  readonly algorithm: Algorithm
  readonly scenario: Scenario
  readonly guard: GuardName
  readonly slice: Slice
  readonly baseline: Slice
}

/** How much is measured. */
export interface Plan {
  /**
   * - `cost`: the required figures of one guard, which gets as much load as the unprotected server.
   * - `comparison`: all guards.
   */
  readonly name: 'cost' | 'comparison'
  readonly algorithm: Algorithm
  /** Without the baseline, which is always measured. */
  readonly guards: readonly GuardName[]
  /** In each block, the servers are new processes: two processes of one program differ in speed. */
  readonly blocks: number
  readonly roundsPerBlock: number
  readonly sliceMilliseconds: number
}

const tokenCount = 1000
const warmUpRequests = 100_000
const maximumWarmUpMilliseconds = 6000
/**
 * Distinct tokens. The guards with a memory verify a signature only for these. After 5,000, a verification still takes
 * a fifth longer than after 20,000 with jose, and a third longer with Evergrant.
 */
const warmUpTokens = 20_000

/** Takes all samples of a plan. */
export async function measure(
  plan: Plan,
  processors: Processors,
  progress: (line: string) => void,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  await using issuer = await startIssuer(plan.algorithm)
  const warm = (await issuer.sign(tokenCount)).map(requestWith)
  for (let block = 0; block < plan.blocks; block += 1) {
    progress(`${plan.name} with ${plan.algorithm}, block ${block + 1} of ${plan.blocks}`)
    await using servers = new AsyncDisposableStack()
    const running: RunningServer[] = []
    for (const guard of ['none', ...plan.guards] as const) {
      running.push(servers.use(await startServer(guard, issuer.trust, processors)))
    }
    const cold = (await issuer.sign(warmUpTokens)).map(requestWith)
    for (const server of running) await warmUp(server, warm, cold)
    for (let round = 0; round < plan.roundsPerBlock; round += 1) {
      samples.push(...(await measureRound(running, warm, plan, issuer, round)))
    }
  }
  return samples
}

/**
 * Lets V8 optimize the code of the server, for new tokens and for those that it has seen, and lets the server see
 * every warm token. Fast servers get the same number of requests. Slow ones would take too long.
 */
async function warmUp(
  server: RunningServer,
  warm: readonly Buffer[],
  cold: readonly Buffer[],
): Promise<void> {
  await load(server.port, cold, 'each-once')
  const begin = performance.now()
  for (let sent = 0; sent < warmUpRequests; sent += tokenCount) {
    await load(server.port, warm, 'each-once')
    if (performance.now() - begin > maximumWarmUpMilliseconds) break
  }
}

async function measureRound(
  [unprotected, ...guarded]: readonly RunningServer[],
  warm: readonly Buffer[],
  plan: Plan,
  issuer: TokenIssuer,
  round: number,
): Promise<readonly Sample[]> {
  if (unprotected === undefined) throw new Error('expected the unprotected server')
  // Every server gets the same tokens, and each of them once.
  const cold = (await issuer.sign(tokenCount)).map(requestWith)
  const slice = { milliseconds: plan.sliceMilliseconds }
  const scenarios: readonly (readonly [Scenario, readonly Buffer[], Duration])[] = [
    ['warm, 1 token', warm.slice(0, 1), slice],
    ['warm, 1,000 tokens', warm, slice],
    ['cold, 1,000 tokens', cold, 'each-once'],
  ]
  const samples: Sample[] = []
  for (const [scenario, requests, duration] of scenarios) {
    for (const server of guarded) {
      const take = (one: RunningServer): Promise<Slice> => takeSlice(one, requests, duration)
      // The other one goes first in each round.
      const before = round % 2 === 0 ? await take(unprotected) : undefined
      const measured = await take(server)
      samples.push({
        plan: plan.name,
        algorithm: plan.algorithm,
        scenario,
        guard: server.guard,
        slice: measured,
        baseline: before ?? (await take(unprotected)),
      })
    }
  }
  return samples
}

async function takeSlice(
  server: RunningServer,
  requests: readonly Buffer[],
  duration: Duration,
): Promise<Slice> {
  const before = await server.cpuMicroseconds()
  const result = await load(server.port, requests, duration)
  const cpuMicroseconds = (await server.cpuMicroseconds()) - before
  const sorted = result.latenciesMilliseconds.toSorted((a, b) => a - b)
  return {
    requestsPerSecond: (result.requests * 1000) / result.milliseconds,
    p99Milliseconds: quantile(sorted, 0.99),
    cpuMicroseconds: cpuMicroseconds / result.requests,
  }
}
