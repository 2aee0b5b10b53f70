import process from 'node:process'
import type { StoreKind } from './stores/store-kind.ts'

/** How much of everything a run does. */
export interface Counts {
  readonly processes: readonly number[]
  readonly callers: readonly number[]
  readonly expiries: number
  readonly kills: number
  readonly stops: number
  readonly skewedExpiries: number
}

/** The numbers that the promise is made for. */
export const fullCounts: Counts = {
  processes: [1, 2, 4, 8],
  callers: [1, 2, 10, 50, 100, 500],
  expiries: 200,
  kills: 200,
  stops: 50,
  skewedExpiries: 20,
}

/** Every kind of fault, and few of each: for the test run of every day. */
const quickCounts: Counts = {
  processes: [1, 2, 8],
  callers: [1, 10, 500],
  expiries: 20,
  kills: 20,
  stops: 10,
  skewedExpiries: 3,
}

/** The same over a database: every strike once. What does not touch the store was seen over files. */
const quickDatabaseCounts: Counts = {
  processes: [8],
  callers: [1, 10, 50],
  expiries: 5,
  kills: 10,
  stops: 2,
  skewedExpiries: 1,
}

/** Whether the tests are as long as the promise: `EVERGRANT_HARNESS=full`. */
export const full: boolean = process.env['EVERGRANT_HARNESS'] === 'full'

/** How much of everything the tests do over a store. */
export function testCounts(store: StoreKind): Counts {
  if (full) return fullCounts
  return store === 'file' ? quickCounts : quickDatabaseCounts
}
