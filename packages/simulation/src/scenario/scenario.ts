import type { ServerRules } from '../server/server-rules.ts'

/** A call of a tool by one of the processes that share the sign-in. */
export interface Call {
  readonly atSeconds: number
  readonly process: number
}

/** Something that goes wrong. Times are from the start. */
export type Fault =
  /** The server answers the next refresh, and the answer does not arrive. */
  | { readonly kind: 'lost-response'; readonly atSeconds: number }
  /** The process of the next refresh is killed after the server answered, before it saved. */
  | { readonly kind: 'kill'; readonly atSeconds: number }
  /** The machine sleeps. Afterwards, every process calls at once. */
  | { readonly kind: 'sleep'; readonly atSeconds: number; readonly forSeconds: number }
  /** The authorization server answers with status 503. Its metadata is still served. */
  | { readonly kind: 'outage'; readonly atSeconds: number; readonly forSeconds: number }
  /** A process restarts, and calls at once. */
  | { readonly kind: 'restart'; readonly atSeconds: number; readonly process: number }

/** How long things take. Each request takes between half and one and a half of its time. */
export interface Timing {
  readonly callSeconds: number
  /** The metadata that the SDKs request before each refresh. */
  readonly discoverySeconds: number
  readonly refreshSeconds: number
  /** From the open page to the end of the sign-in. */
  readonly signInSeconds: number
  /** From the kill of a process to its restart. */
  readonly restartSeconds: number
}

/** What a simulation uses unless it says otherwise. The page of the simulator lists it. */
export const defaultTiming: Timing = {
  callSeconds: 0.2,
  discoverySeconds: 0.2,
  refreshSeconds: 0.4,
  signInSeconds: 60,
  restartSeconds: 5,
}

/** One deployment over time. Every client meets the same calls and the same faults. */
export interface Scenario {
  readonly server: ServerRules
  /** How many processes share one sign-in. */
  readonly processes: number
  readonly durationSeconds: number
  /** In order of time. */
  readonly calls: Iterable<Call>
  readonly faults: readonly Fault[]
  /** How many calls a process sends at once when it starts, and when the machine wakes up. */
  readonly callsAtOnce: number
  readonly timing: Timing
  /** For the duration of each request. */
  readonly seed: number
}
