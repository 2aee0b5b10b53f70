import type { Fault } from '../scenario/scenario.ts'

/** The faults of a scenario, as the parts of a simulation meet them. */
export interface FaultPlan {
  /** Takes a fault that hits one refresh, if one is due. Each hits once. */
  take(kind: 'kill' | 'lost-response', nowSeconds: number): boolean
  isOut(nowSeconds: number): boolean
  isAsleep(nowSeconds: number): boolean
  /** Whether the machine fell asleep between two times. */
  fellAsleep(fromSeconds: number, toSeconds: number): boolean
  /** The first time from `atSeconds` on at which the machine is awake and the server answers. */
  nextUsableSeconds(atSeconds: number): number
  /** The first time from `atSeconds` on at which the machine is awake. */
  nextAwakeSeconds(atSeconds: number): number
}

interface Span {
  readonly from: number
  readonly to: number
}

export function createFaultPlan(faults: readonly Fault[]): FaultPlan {
  const remaining = {
    kill: timesOf(faults, 'kill'),
    'lost-response': timesOf(faults, 'lost-response'),
  }
  const outages = spansOf(faults, 'outage')
  const sleeps = spansOf(faults, 'sleep')
  const within = (spans: readonly Span[], seconds: number): Span | undefined =>
    spans.find(({ from, to }) => seconds >= from && seconds < to)

  function after(spans: readonly Span[], atSeconds: number): number {
    let seconds = atSeconds
    for (let span = within(spans, seconds); span !== undefined; span = within(spans, seconds)) {
      seconds = span.to
    }
    return seconds
  }

  return {
    take(kind, nowSeconds) {
      const [next] = remaining[kind]
      if (next === undefined || next > nowSeconds) return false
      remaining[kind].shift()
      return true
    },
    isOut: (nowSeconds) => within(outages, nowSeconds) !== undefined,
    isAsleep: (nowSeconds) => within(sleeps, nowSeconds) !== undefined,
    fellAsleep: (fromSeconds, toSeconds) =>
      sleeps.some(({ from }) => from > fromSeconds && from <= toSeconds),
    nextUsableSeconds: (atSeconds) => after([...outages, ...sleeps], atSeconds),
    nextAwakeSeconds: (atSeconds) => after(sleeps, atSeconds),
  }
}

function timesOf(faults: readonly Fault[], kind: Fault['kind']): number[] {
  return faults
    .filter((fault) => fault.kind === kind)
    .map(({ atSeconds }) => atSeconds)
    .toSorted((one, other) => one - other)
}

function spansOf(faults: readonly Fault[], kind: 'outage' | 'sleep'): readonly Span[] {
  return faults.flatMap((fault) =>
    fault.kind === kind && 'forSeconds' in fault
      ? [{ from: fault.atSeconds, to: fault.atSeconds + fault.forSeconds }]
      : [],
  )
}
