import { seededRandom } from '@evergrant/test-kit'
import { days, hours, minutes } from '../time/units.ts'

/** What goes wrong in a month. `everything`: all of it. */
export const situations = [
  'nothing',
  'sleep',
  'restarts',
  'lost-responses',
  'outages',
  'everything',
] as const
export type Situation = (typeof situations)[number]

/** From one time up to, not including, another. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface Outage extends Span {
  /** Every endpoint of the authorization server answers with 503, or no connection can be made. */
  readonly kind: 'status-503' | 'refused'
}

/** Everything that happens to the machine and to the network. All times in seconds. */
export interface Month {
  /** When each process sends a call, if it is not waiting for another one. */
  readonly calls: readonly (readonly number[])[]
  /** The machine sleeps. When it wakes up, every process sends a call. */
  readonly sleeps: readonly Span[]
  readonly outages: readonly Outage[]
  /** From each of these times on, the response to the next successful refresh is lost. */
  readonly lostResponses: readonly number[]
  /** From each of these times on, the process of the next successful refresh is killed before it saves. */
  readonly kills: readonly number[]
  readonly restarts: readonly { readonly at: number; readonly process: number }[]
}

/** The numbers of a month. The page lists them. */
export const monthFigures = {
  /** From a Monday on. */
  days: 30,
  /** Of a week, from Monday on. */
  workDaysOfWeek: 5,
  workFromHour: 9,
  workToHour: 17,
  shortestPauseMinutes: 1,
  longestPauseMinutes: 9,
  napMinutes: 30,
  /** Of each process, on each day of work. */
  restartsPerDay: 1,
  /** One on every second day of work. */
  workDaysPerOutage: 2,
  outageMinutes: 10,
  /** Days on which one response is lost, and on which one process is killed while it refreshes. */
  lostResponseDays: [1, 4, 8, 11, 15, 18, 22, 25],
  killDays: [2, 9, 16, 23],
} as const

/** The days of work, counted from 0. */
export const workDays: readonly number[] = Array.from(
  { length: monthFigures.days },
  (_, day) => day,
).filter((day) => day % 7 < monthFigures.workDaysOfWeek)

/**
 * Draws a month. The same seed gives the same times in every situation, for every client, and for any
 * number of processes.
 */
export function drawMonth(situation: Situation, processes: number, seed: number): Month {
  const has = (one: Situation): boolean => situation === one || situation === 'everything'
  const numbers = Array.from({ length: processes }, (_, process) => process)
  return {
    calls: numbers.map((process) => drawCalls(seed + process)),
    sleeps: has('sleep') ? drawSleeps(seed) : [],
    outages: has('outages') ? drawOutages(seed) : [],
    lostResponses: has('lost-responses') ? drawTimes(monthFigures.lostResponseDays, seed, 3) : [],
    kills: has('restarts') ? drawTimes(monthFigures.killDays, seed, 4) : [],
    restarts: has('restarts') ? numbers.flatMap((process) => drawRestarts(process, seed)) : [],
  }
}

/** Independent numbers for each kind of event. */
function randomFor(seed: number, stream: number): () => number {
  return seededRandom(Math.imul(seed + 1, 0x9e_37_79_b1) ^ Math.imul(stream, 0x85_eb_ca_6b))
}

/** A time of work, with the half hours at both ends left out. */
function duringWork(day: number, random: () => number): number {
  const { workFromHour: from, workToHour: to } = monthFigures
  return days(day) + hours(from + 0.5 + random() * (to - from - 1))
}

/** One call after the other, from the start of work to its end. */
function drawCalls(seed: number): readonly number[] {
  const random = randomFor(seed, 1)
  const { workFromHour, workToHour, shortestPauseMinutes, longestPauseMinutes } = monthFigures
  const pause = (): number =>
    minutes(shortestPauseMinutes + random() * (longestPauseMinutes - shortestPauseMinutes))
  return workDays.flatMap((day) => {
    const calls: number[] = []
    let at = days(day) + hours(workFromHour) + random() * minutes(longestPauseMinutes)
    for (; at < days(day) + hours(workToHour); at += pause()) calls.push(at)
    return calls
  })
}

/** At noon with the lid closed, and from the end of work until work starts again. */
function drawSleeps(seed: number): readonly Span[] {
  const random = randomFor(seed, 2)
  const { workFromHour, workToHour, napMinutes } = monthFigures
  return workDays.flatMap((day, index) => {
    const noon = days(day) + hours(12 + random())
    const next = workDays[index + 1] ?? day + 1
    return [
      { from: noon, to: noon + minutes(napMinutes) },
      { from: days(day) + hours(workToHour), to: days(next) + hours(workFromHour) },
    ]
  })
}

/** One time on each of these days. */
function drawTimes(on: readonly number[], seed: number, stream: number): readonly number[] {
  const random = randomFor(seed, stream)
  return on.map((day) => duringWork(day, random))
}

function drawRestarts(process: number, seed: number): Month['restarts'] {
  const random = randomFor(seed + process, 5)
  return workDays.flatMap((day) =>
    Array.from({ length: monthFigures.restartsPerDay }, () => ({
      at: duringWork(day, random),
      process,
    })),
  )
}

/** By turns with a status and without a connection. */
function drawOutages(seed: number): readonly Outage[] {
  const random = randomFor(seed, 6)
  const { workDaysPerOutage, outageMinutes } = monthFigures
  return workDays
    .filter((_, index) => index % workDaysPerOutage === 0)
    .map((day, index) => {
      const from = duringWork(day, random)
      const kind = index % 2 === 0 ? 'status-503' : 'refused'
      return { from, to: from + minutes(outageMinutes), kind }
    })
}
