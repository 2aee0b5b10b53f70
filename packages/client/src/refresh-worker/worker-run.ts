import type { Clock } from '../lib/clock.ts'
import type { Alarm } from './alarm.ts'
import type { Claims } from './claims.ts'
import type { DueWork } from './due-work.ts'
import type { Servers } from './servers.ts'
import type { UnsavedWork } from './unsaved-work.ts'

/** Timers stop while a machine sleeps, and can drift, so the clock is read at least this often. */
const longestSleepSeconds = 30

/** The parts of a worker that run together. */
export interface WorkerParts {
  readonly clock: Clock
  readonly alarm: Alarm
  readonly claims: Claims
  readonly servers: Servers
  readonly work: DueWork
  readonly unsaved: UnsavedWork
  /** Completes the grants of an earlier version. */
  readonly link: (signal: AbortSignal) => Promise<void>
  readonly onFailure: (error: unknown) => void
}

/** Starts and stops a worker, and lets its parts do what is due. */
export interface WorkerRun {
  /** @throws EvergrantClientError `TOKEN_STORE_UNAVAILABLE` */
  start(): Promise<void>
  stop(): Promise<void>
  whenIdle(): Promise<void>
  isRunning(): boolean
  /** Ends the sleep of the worker if there is something to do. */
  wake(): void
  /** Completes the grants of an earlier version, once for each run: it reads every binding. */
  link(): void
}

export function workerRun(parts: WorkerParts): WorkerRun {
  const { clock, alarm, claims, servers, work, unsaved, onFailure } = parts
  /** Present while the worker runs; `stop` aborts it. */
  let run: AbortController | undefined
  let starting: Promise<void> | undefined
  /** Starts and stops happen one after the other. */
  let last: Promise<void> = Promise.resolve()
  let looping: Promise<void> = Promise.resolve()
  let linking: Promise<void> | undefined

  function nextEpochSeconds(): number {
    return Math.min(claims.nextEpochSeconds(), servers.nextEpochSeconds())
  }

  async function loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await claims.advance().catch(onFailure)
      await servers.advance()
      const longest = clock.nowEpochSeconds() + longestSleepSeconds
      await alarm.sleepUntil(Math.min(longest, nextEpochSeconds()), signal)
    }
  }

  function afterLast(step: () => Promise<void>): Promise<void> {
    const result = last.then(step)
    last = result.catch(() => undefined)
    return result
  }

  async function begin(): Promise<void> {
    run = new AbortController()
    claims.soon()
    try {
      await claims.advance()
    } catch (error) {
      run = undefined
      throw error
    }
    looping = loop(run.signal)
  }

  function start(): Promise<void> {
    if (starting !== undefined) return starting
    const started = afterLast(begin)
    starting = started
    started.catch(() => {
      if (starting === started) starting = undefined
    })
    return started
  }

  function stop(): Promise<void> {
    starting = undefined
    run?.abort()
    return afterLast(finish)
  }

  async function finish(): Promise<void> {
    if (run === undefined) return
    run.abort()
    await looping
    await claims.settled()
    await linking
    linking = undefined
    servers.drain()
    await work.settled()
    await Promise.all([servers.close(), unsaved.saveBeforeStop()])
    run = undefined
  }

  /** Changes with everything that was done. */
  function progress(): string {
    return JSON.stringify([work.counts, work.inFlight, work.taken])
  }

  return {
    start,
    stop,
    async whenIdle() {
      let before: string
      do {
        if (run === undefined || run.signal.aborted) return
        before = progress()
        claims.soon()
        await claims.advance().catch(onFailure)
        await work.settled()
        await servers.advance()
        await work.settled()
      } while (progress() !== before)
    },
    isRunning: () => run !== undefined,
    wake() {
      alarm.wakeFor(nextEpochSeconds())
    },
    link() {
      if (run === undefined) return
      const { signal } = run
      linking ??= parts.link(signal).catch((error: unknown) => {
        // A stop ends the work early. That is not a failure.
        if (!signal.aborted) onFailure(error)
      })
    },
  }
}
