import type { RefreshStep } from '../refresh-steps.ts'
import type { StoreDescription } from '../stores/store-kind.ts'

/** Where a worker can be stopped: in a refresh, or before or after it gives a notice to the host. */
export type WorkerStep = RefreshStep | 'before-notice' | 'after-notice'

/** Settings of a process with a refresh worker. */
export interface FleetWorkerSettings {
  readonly store: StoreDescription
  readonly clockOffsetSeconds: number
  /** Whether refreshes can be stopped at a step. Then the worker refreshes one grant at a time. */
  readonly stepped: boolean
  /** Default: that of the refresh worker. */
  readonly requestTimeoutMilliseconds?: number | undefined
}

/** Messages from the parent to a worker. */
export type FleetCommand =
  | { readonly do: 'start'; readonly settings: FleetWorkerSettings }
  | { readonly do: 'clock'; readonly clockOffsetSeconds: number }
  /** Stops the next refresh that reaches this step, and reports it. */
  | { readonly do: 'stop-at'; readonly step: WorkerStep }
  /** Continues a stopped refresh, and clears the stop. */
  | { readonly do: 'go-on' }

/** Messages from a worker to the parent. */
export type FleetReport =
  | { readonly report: 'started' | 'noted' | 'at-step' }
  /** A grant needs the user. The parent is the host. */
  | { readonly report: 'notice'; readonly id: string }
