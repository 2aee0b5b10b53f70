import type { ScriptedAuthorizationServer, VirtualClock } from '@evergrant/test-kit'
import {
  startProtectedServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '@evergrant/test-kit'
import { vi } from 'vitest'
import type { Call, ClientId, Fault, ServerRules } from '../../src/index.ts'
import { defaultTiming, simulate } from '../../src/index.ts'
import type { Candidate, ClientUnderTest } from './client-under-test.ts'

/** Something that happens at one time, after the events before it have settled. */
export interface Step {
  readonly atSeconds: number
  /** The process of each call. All are sent at once. */
  readonly calls: readonly number[]
  readonly fault?: 'lost-response' | 'kill' | 'outage'
}

/** The same situation for the real code and for the model. */
export interface Situation {
  readonly rules: Omit<ServerRules, 'refreshTokenFor' | 'reuse' | 'rotation'> & {
    readonly reuse: 'family-revoked' | 'refused'
    readonly rotation: ServerRules['rotation']
  }
  readonly processes: number
  readonly steps: readonly Step[]
}

/** What the page of the simulator counts. */
export interface Outcome {
  readonly refreshes: number
  readonly refused: number
  readonly signIns: number
}

const outageSeconds = 2

/** Runs the real client against a real authorization server on loopback. Nothing is timed. */
export async function measure(candidate: Candidate, situation: Situation): Promise<Outcome> {
  const { rules, processes, steps } = situation
  const clock = virtualClock()
  await using as = await startScriptedAuthorizationServer({
    clock,
    accessTokenLifetimeSeconds: rules.accessTokenSeconds,
    rotation: rules.rotation === 'rotates' ? 'rotate' : 'static',
    familyRevocation: rules.reuse === 'family-revoked',
    graceSeconds: rules.graceSeconds,
  })
  await using server = await startProtectedServer(as, { clock, scopesSupported: ['mcp:read'] })
  const client = await candidate.start({ as, resource: server.resource, clock, processes })
  const started = clock.nowEpochSeconds()
  let signIns = 0
  for (const { atSeconds, calls, fault } of steps) {
    clock.set(started + atSeconds)
    const pagesBefore = client.pages()
    if (fault === 'lost-response') as.faults.token.push({ kind: 'drop-after-commit' })
    if (fault === 'outage') {
      as.faults.token.push({ kind: 'status', status: 503 }, { kind: 'status', status: 503 })
    }
    if (fault === 'kill') await callAndKill(client, calls)
    else {
      const meet = candidate.refreshesForEachCall && calls.length > 1
      await Promise.all([
        meet ? holdRefreshes(as, calls.length) : undefined,
        settle(
          clock,
          calls.map((process) => client.call(process)),
        ),
      ])
    }
    as.faults.token.splice(0)
    if (client.pages() > pagesBefore) signIns += 1
    await client.finishSignIn()
  }
  const refusals = ['unknown', 'ended', 'other-client', 'reused', 'reused-and-revoked']
  return {
    refreshes: as.refreshRequests(),
    refused: refusals.reduce((sum, outcome) => sum + as.count('token', outcome), 0),
    signIns,
  }
}

/**
 * Holds the next refreshes until all of them have arrived. Without it, a slow machine could finish the
 * first one before the last one is sent, and the calls would not have met.
 */
async function holdRefreshes(as: ScriptedAuthorizationServer, count: number): Promise<void> {
  const { promise: until, resolve: release } = Promise.withResolvers<void>()
  as.faults.token.push(...Array.from({ length: count }, () => ({ kind: 'hang' as const, until })))
  const before = as.refreshRequests()
  try {
    await vi.waitFor(() => {
      const arrived = as.refreshRequests() - before
      if (arrived < count) throw new Error(`${arrived} of ${count} calls sent a refresh.`)
    }, 10_000)
  } finally {
    release()
  }
}

/** The calls of a killed process never end. */
async function callAndKill(client: ClientUnderTest, calls: readonly number[]): Promise<void> {
  client.killBeforeNextSave()
  for (const process of calls) client.call(process).catch(() => undefined)
  await client.killed()
}

/** Waits for calls, and advances the clock while one of them waits. */
async function settle(clock: VirtualClock, calls: readonly Promise<void>[]): Promise<void> {
  const settled = Promise.allSettled(calls).then(() => 'settled' as const)
  const sleeping = () => clock.untilSleeping().then(() => 'sleeping' as const)
  while ((await Promise.race([settled, sleeping()])) === 'sleeping') clock.advanceSeconds(0.5)
}

/** Runs the model in the same situation. */
export function model(client: ClientId, { rules, processes, steps }: Situation): Outcome {
  const calls: Call[] = steps.flatMap(({ atSeconds, calls: senders }) =>
    senders.map((process) => ({ atSeconds, process })),
  )
  const faults: Fault[] = steps.flatMap(({ atSeconds, fault }): readonly Fault[] => {
    if (fault === undefined) return []
    return [
      fault === 'outage'
        ? { kind: fault, atSeconds, forSeconds: outageSeconds }
        : { kind: fault, atSeconds },
    ]
  })
  const last = steps.at(-1)?.atSeconds ?? 0
  const { counts } = simulate(client, {
    server: { ...rules, refreshTokenFor: 'always' },
    processes,
    durationSeconds: last + 600,
    calls,
    faults,
    // After a kill, the steps say when the process calls again.
    callsAtOnce: 0,
    timing: defaultTiming,
    seed: 1,
  })
  return {
    refreshes: counts.refreshes,
    refused: counts.refusedRefreshes,
    signIns: counts.signIns,
  }
}
