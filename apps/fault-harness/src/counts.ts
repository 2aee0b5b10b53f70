import process from 'node:process'

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

/** `EVERGRANT_HARNESS=full` makes the tests as long as the promise. */
export const counts: Counts = process.env['EVERGRANT_HARNESS'] === 'full' ? fullCounts : quickCounts
