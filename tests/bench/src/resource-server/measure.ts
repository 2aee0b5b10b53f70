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

/** One slice of load on one server. */
export interface Sample {
  readonly algorithm: Algorithm
  readonly scenario: Scenario
  readonly guard: GuardName
  /** Samples of one round are taken next to each other, so that they can be compared. */
  readonly round: string
  readonly requestsPerSecond: number
  readonly p99Milliseconds: number
  readonly cpuMicroseconds: number
}

/** How much is measured. */
export interface Plan {
  readonly algorithms: readonly Algorithm[]
  readonly guards: readonly GuardName[]
  /** In each block, the servers are new processes: two processes of one program differ in speed. */
  readonly blocks: number
  readonly roundsPerBlock: number
  readonly sliceMilliseconds: number
  readonly warmUpMilliseconds: number
}

const tokenCount = 1000

/** Takes all samples of a plan. */
export async function measure(
  plan: Plan,
  processors: Processors,
  progress: (line: string) => void,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  for (const algorithm of plan.algorithms) {
    await using issuer = await startIssuer(algorithm)
    const warm = (await issuer.sign(tokenCount)).map(requestWith)
    for (let block = 0; block < plan.blocks; block += 1) {
      progress(`${algorithm}, block ${block + 1} of ${plan.blocks}`)
      await using servers = new AsyncDisposableStack()
      const running: RunningServer[] = []
      for (const guard of plan.guards) {
        running.push(servers.use(await startServer(guard, issuer.trust, processors)))
      }
      for (const server of running) await warmUp(server, warm, plan, issuer)
      for (let round = 0; round < plan.roundsPerBlock; round += 1) {
        // Another server goes first in each round.
        const first = round % running.length
        const turns = [...running.slice(first), ...running.slice(0, first)]
        samples.push(...(await measureRound(turns, warm, plan, issuer, `${block}.${round}`)))
      }
    }
  }
  return samples
}

/** Compiles the code of the server, and lets it see every warm token. */
async function warmUp(
  server: RunningServer,
  warm: readonly Buffer[],
  plan: Plan,
  issuer: TokenIssuer,
): Promise<void> {
  await load(server.port, warm, 'each-once')
  await load(server.port, warm, { milliseconds: plan.warmUpMilliseconds })
  await load(server.port, (await issuer.sign(tokenCount)).map(requestWith), 'each-once')
}

async function measureRound(
  servers: readonly RunningServer[],
  warm: readonly Buffer[],
  plan: Plan,
  issuer: TokenIssuer,
  round: string,
): Promise<readonly Sample[]> {
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
    for (const server of servers) {
      const before = await server.cpuMicroseconds()
      const result = await load(server.port, requests, duration)
      const cpuMicroseconds = (await server.cpuMicroseconds()) - before
      const sorted = result.latenciesMilliseconds.toSorted((a, b) => a - b)
      samples.push({
        algorithm: issuer.trust.algorithm,
        scenario,
        guard: server.guard,
        round,
        requestsPerSecond: (result.requests * 1000) / result.milliseconds,
        p99Milliseconds: quantile(sorted, 0.99),
        cpuMicroseconds: cpuMicroseconds / result.requests,
      })
    }
  }
  return samples
}
