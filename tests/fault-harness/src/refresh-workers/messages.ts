import type { RefreshStep } from '../refresh-steps.ts'
import type { StoreDescription } from '../stores/store-kind.ts'

/** Settings of a process with a refresh worker. */
export interface FleetWorkerSettings {
  readonly store: StoreDescription
  readonly clockOffsetSeconds: number
  /** Whether refreshes can be stopped at a step. Then the worker refreshes one grant at a time. */
  readonly stepped: boolean
}

/** Messages from the parent to a worker. */
export type FleetCommand =
  | { readonly do: 'start'; readonly settings: FleetWorkerSettings }
  | { readonly do: 'clock'; readonly clockOffsetSeconds: number }
  /** Stops the next refresh that reaches this step, and reports it. */
  | { readonly do: 'stop-at'; readonly step: RefreshStep }
  /** Continues a stopped refresh, and clears the stop. */
  | { readonly do: 'go-on' }

/** Messages from a worker to the parent. */
export interface FleetReport {
  readonly report: 'started' | 'noted' | 'at-step'
}
