import process from 'node:process'
import type { StoreKind } from './stores/store-kind.ts'

/** How often a run repeats each scenario. */
export interface Counts {
  readonly processes: readonly number[]
  readonly callers: readonly number[]
  readonly expiries: number
  readonly kills: number
  readonly stops: number
  readonly skewedExpiries: number
  /** Kills and suspensions of refresh workers. */
  readonly workerKills: number
  readonly workerStops: number
}

/** The counts that the published tables state. */
export const fullCounts: Counts = {
  processes: [1, 2, 4, 8],
  callers: [1, 2, 10, 50, 100, 500],
  expiries: 200,
  kills: 200,
  stops: 50,
  skewedExpiries: 20,
  workerKills: 200,
  workerStops: 50,
}

/** Every kind of fault with few repetitions, for the regular test run. */
const quickCounts: Counts = {
  processes: [1, 2, 8],
  callers: [1, 10, 500],
  expiries: 20,
  kills: 20,
  stops: 10,
  skewedExpiries: 3,
  workerKills: 0,
  workerStops: 0,
}

/** The same over a database: each interruption once. The file store covers the rest. */
const quickDatabaseCounts: Counts = {
  processes: [8],
  callers: [1, 10, 50],
  expiries: 5,
  kills: 10,
  stops: 2,
  skewedExpiries: 1,
  workerKills: 8,
  workerStops: 4,
}

/** Whether the tests use {@link fullCounts}: `EVERGRANT_HARNESS=full`. */
export const full: boolean = process.env['EVERGRANT_HARNESS'] === 'full'

/** The counts of the tests for one store. */
export function testCounts(store: StoreKind): Counts {
  if (full) return fullCounts
  return store === 'file' ? quickCounts : quickDatabaseCounts
}
