import { drawGap, seededRandom } from '../lib/seeded-random.ts'
import type { ServerRules } from '../server/server-rules.ts'
import type { Call, Fault, Scenario } from './scenario.ts'
import { defaultTiming } from './scenario.ts'

/** A scenario in a few numbers. {@link drawScenario} draws the rest. */
export interface Settings {
  readonly server: ServerRules
  readonly processes: number
  /** Of each process, on average. */
  readonly callsPerMinute: number
  /** How many calls come at the same time, as from an agent that calls tools in parallel. */
  readonly callsAtOnce: number
  readonly durationSeconds: number
  /** How often each fault happens. */
  readonly lostResponses: number
  readonly kills: number
  readonly sleeps: number
  readonly sleepSeconds: number
  readonly outages: number
  readonly outageSeconds: number
  readonly restarts: number
  readonly seed: number
}

/** Draws when calls and faults happen. The same settings give the same scenario. */
export function drawScenario(settings: Settings): Scenario {
  const { server, processes, callsAtOnce, durationSeconds, seed } = settings
  return {
    server,
    processes,
    durationSeconds,
    callsAtOnce,
    calls: { [Symbol.iterator]: () => drawCalls(settings) },
    faults: drawFaults(settings),
    timing: defaultTiming,
    seed,
  }
}

/** The calls of all processes, drawn one by one: a week has too many for a list. */
function* drawCalls(settings: Settings): Generator<Call, void, undefined> {
  const { processes, callsPerMinute, callsAtOnce, durationSeconds, seed } = settings
  if (callsPerMinute <= 0 || callsAtOnce <= 0) return
  const random = seededRandom(seed)
  const meanSeconds = (60 * callsAtOnce) / callsPerMinute
  const next = Array.from({ length: processes }, () => drawGap(random, meanSeconds))
  for (;;) {
    const atSeconds = Math.min(...next)
    if (!(atSeconds < durationSeconds)) return
    const process = next.indexOf(atSeconds)
    for (let count = 0; count < callsAtOnce; count += 1) yield { atSeconds, process }
    next[process] = atSeconds + drawGap(random, meanSeconds)
  }
}

function drawFaults(settings: Settings): readonly Fault[] {
  const { durationSeconds, processes, sleepSeconds, outageSeconds, seed } = settings
  // Other numbers than for the calls, so that a fault more does not move the calls.
  const random = seededRandom(seed ^ 0x5f_37_59_df)
  const times = (count: number): readonly number[] =>
    Array.from({ length: count }, () => random() * durationSeconds)
  return [
    ...times(settings.lostResponses).map((atSeconds) => ({
      kind: 'lost-response' as const,
      atSeconds,
    })),
    ...times(settings.kills).map((atSeconds) => ({ kind: 'kill' as const, atSeconds })),
    ...times(settings.sleeps).map((atSeconds) => ({
      kind: 'sleep' as const,
      atSeconds,
      forSeconds: sleepSeconds,
    })),
    ...times(settings.outages).map((atSeconds) => ({
      kind: 'outage' as const,
      atSeconds,
      forSeconds: outageSeconds,
    })),
    ...times(settings.restarts).map((atSeconds) => ({
      kind: 'restart' as const,
      atSeconds,
      process: Math.floor(random() * processes),
    })),
  ].toSorted((one, other) => one.atSeconds - other.atSeconds)
}
