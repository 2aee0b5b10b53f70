import type { Fault, Run, SimulationEvent } from '@evergrant/simulation'

/** A mark of the drawing: one event, or several that are too close to tell apart. */
export interface Mark {
  readonly kind: SimulationEvent['kind']
  readonly process: number
  /** From 0 to 100, from the left. */
  readonly percent: number
  readonly count: number
}

/** A part of the time, from 0 to 100. */
export interface Band {
  readonly kind: 'sleep' | 'outage'
  readonly percent: number
  readonly width: number
}

/** The time of a grant, from 0 to 100. */
export interface GrantBar {
  readonly percent: number
  readonly width: number
}

/** How many columns a drawing has. More could not be told apart on a screen. */
const columns = 400

/** The events of a run as marks. Failed calls are counted in the table, and not drawn. */
export function marksOf({ events }: Pick<Run, 'events'>, durationSeconds: number): readonly Mark[] {
  const marks = new Map<string, Mark>()
  for (const { kind, process, atSeconds } of events) {
    if (kind === 'call-failed' || kind === 'page-opened') continue
    const column = Math.floor((atSeconds / durationSeconds) * columns)
    const key = `${kind} ${process} ${column}`
    const earlier = marks.get(key)
    marks.set(key, {
      kind,
      process,
      percent: earlier?.percent ?? percentOf(atSeconds, durationSeconds),
      count: (earlier?.count ?? 0) + 1,
    })
  }
  return [...marks.values()]
}

/** When the machine slept, and when the authorization server did not answer. */
export function bandsOf(faults: readonly Fault[], durationSeconds: number): readonly Band[] {
  return faults.flatMap((fault) => {
    if (fault.kind !== 'sleep' && fault.kind !== 'outage') return []
    const end = Math.min(fault.atSeconds + fault.forSeconds, durationSeconds)
    return [{ kind: fault.kind, ...spanOf(fault.atSeconds, end, durationSeconds) }]
  })
}

/** When the server held a grant. */
export function grantBarsOf(
  { grants }: Pick<Run, 'grants'>,
  durationSeconds: number,
): readonly GrantBar[] {
  return grants.map(({ startSeconds, endSeconds = durationSeconds }) =>
    spanOf(startSeconds, endSeconds, durationSeconds),
  )
}

/** The labels of the time axis: at most seven, at round hours. */
export function ticksOf(durationSeconds: number): readonly { percent: number; label: string }[] {
  const hours = durationSeconds / 3600
  const step = [1, 2, 4, 6, 12, 24].find((one) => hours / one <= 7) ?? 24
  return Array.from({ length: Math.floor(hours / step) + 1 }, (_, index) => ({
    percent: percentOf(index * step * 3600, durationSeconds),
    label: `${index * step} h`,
  }))
}

function spanOf(from: number, to: number, durationSeconds: number): GrantBar {
  const percent = percentOf(from, durationSeconds)
  return { percent, width: round(percentOf(to, durationSeconds) - percent) }
}

function percentOf(seconds: number, durationSeconds: number): number {
  return round((seconds / durationSeconds) * 100)
}

/** Two decimals: browsers agree on them, whatever their arithmetic. */
function round(value: number): number {
  return Math.round(value * 100) / 100
}
