/** What happened at one moment. */
export interface SimulationEvent {
  readonly atSeconds: number
  /** The process, counted from 0. */
  readonly process: number
  readonly kind:
    /** A refresh brought tokens. */
    | 'refreshed'
    /** A superseded refresh token brought its successor again. */
    | 'replayed'
    /** A refresh was refused. */
    | 'refused'
    /** A refresh was refused and ended the grant, because its token had been used before. */
    | 'reuse-detected'
    /** The server answered a refresh, and the answer did not arrive. */
    | 'response-lost'
    /** A refresh was answered with status 503. */
    | 'unavailable'
    /** The authorization page was opened. */
    | 'page-opened'
    /** The user signed in. */
    | 'signed-in'
    | 'call-failed'
    | 'killed'
    | 'restarted'
}

/** How often things happened. */
export interface Counts {
  readonly calls: number
  readonly failedCalls: number
  /** Refresh requests that reached the server. */
  readonly refreshes: number
  readonly refusedRefreshes: number
  /** Grants that the server ended because a refresh token was used twice. */
  readonly reuseDetections: number
  /** How often a client opened the authorization page. */
  readonly pages: number
  /** How often the user had to sign in. Pages that are open at the same time are one sign-in. */
  readonly signIns: number
}

/** A log is for drawing: it is bounded, and the counts are not. */
const maximumEvents = 4000

/** Collects events and counts them. */
export interface EventLog {
  record(kind: SimulationEvent['kind'], process: number, atSeconds: number): void
  countCall(): void
  readonly events: readonly SimulationEvent[]
  counts(): Counts
}

export function createEventLog(): EventLog {
  const events: SimulationEvent[] = []
  const totals = new Map<SimulationEvent['kind'], number>()
  let calls = 0
  const total = (...kinds: readonly SimulationEvent['kind'][]): number =>
    kinds.reduce((sum, kind) => sum + (totals.get(kind) ?? 0), 0)
  return {
    events,
    record(kind, process, atSeconds) {
      totals.set(kind, total(kind) + 1)
      if (events.length < maximumEvents) events.push({ kind, process, atSeconds })
    },
    countCall() {
      calls += 1
    },
    counts: () => ({
      calls,
      failedCalls: total('call-failed'),
      refreshes: total(
        'refreshed',
        'replayed',
        'refused',
        'reuse-detected',
        'response-lost',
        'unavailable',
      ),
      refusedRefreshes: total('refused', 'reuse-detected'),
      reuseDetections: total('reuse-detected'),
      pages: total('page-opened'),
      signIns: total('signed-in'),
    }),
  }
}
