import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant } from './contestants.ts'
import type { Host } from './host.ts'
import { startHost } from './host.ts'
import type { ProtectedMcp } from './server-process.ts'

/** How a storm goes. */
export interface StormPlan {
  readonly instances: number
  readonly seconds: number
  readonly killEverySeconds: number
  /** The pause of each host between two calls. */
  readonly pauseMilliseconds: number
  readonly tokenSeconds: number
  /** Chooses whom to kill: a number from 0 to 1. */
  readonly random: () => number
}

/** What a storm did. */
export interface StormReport {
  readonly calls: number
  /** Calls that failed, except those of killed processes. */
  readonly failed: readonly string[]
  readonly kills: number
  /** Sign-in pages after the start. */
  readonly signInsAfterStart: number
  readonly signInsAtStart: number
  readonly refreshes: number
  readonly refusedRefreshes: number
  /**
   * The most refresh requests that the time can have needed: one for each token, and one more for
   * each killed process, whose response may be lost.
   */
  readonly maximumRefreshes: number
  readonly isGrantAlive: boolean
}

/**
 * Starts all instances at once without a sign-in, calls tools through them while tokens expire, and
 * kills one from time to time. Another one replaces it.
 */
export async function storm(
  plan: StormPlan,
  contestant: Contestant,
  { as }: Pick<ProtectedMcp, 'as'>,
): Promise<StormReport> {
  const failed: string[] = []
  let calls = 0
  let kills = 0
  const endsAt = { milliseconds: Number.POSITIVE_INFINITY }
  const hosts = new Map<number, Host>()
  const killed = new WeakSet<Host>()
  const running: Promise<void>[] = []

  async function run(slot: number, isFirst: () => void): Promise<void> {
    const host = startHost(contestant.args, contestant.env)
    hosts.set(slot, host)
    await host.initialize().catch((error: unknown) => {
      if (!killed.has(host)) failed.push(String(error))
    })
    while (performance.now() < endsAt.milliseconds && !killed.has(host)) {
      const error = await host.call()
      if (killed.has(host)) return
      calls += 1
      if (error !== undefined) failed.push(error)
      isFirst()
      await sleep(plan.pauseMilliseconds)
    }
    if (!killed.has(host)) await host.end()
  }

  const firstCalls = Array.from({ length: plan.instances }, (_, slot) => {
    const first = Promise.withResolvers<void>()
    running.push(run(slot, first.resolve))
    return first.promise
  })
  await Promise.all(firstCalls)
  const startedAt = performance.now()
  const signInsAtStart = as.count('authorize')
  const refreshesAtStart = as.refreshRequests()
  endsAt.milliseconds = startedAt + plan.seconds * 1000
  for (let at = plan.killEverySeconds; at < plan.seconds; at += plan.killEverySeconds) {
    await sleep(Math.max(0, startedAt + at * 1000 - performance.now()))
    const slot = Math.floor(plan.random() * plan.instances)
    const host = hosts.get(slot)
    if (host === undefined) continue
    killed.add(host)
    await host.kill()
    kills += 1
    running.push(run(slot, () => undefined))
  }
  await Promise.all(running)
  const elapsedSeconds = (performance.now() - startedAt) / 1000
  const refreshes = as.refreshRequests() - refreshesAtStart
  return {
    calls,
    failed,
    kills,
    signInsAtStart,
    signInsAfterStart: as.count('authorize') - signInsAtStart,
    refreshes,
    refusedRefreshes:
      as.refreshRequests() - as.count('token', 'refreshed') - as.count('token', 'replayed'),
    // A token is refreshed within its lifetime, and a refresh at the start belongs to the next token.
    maximumRefreshes: Math.ceil(elapsedSeconds / (plan.tokenSeconds / 2)) + 1 + kills,
    isGrantAlive: as.isGrantAlive(),
  }
}
