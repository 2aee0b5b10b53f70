import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { diagnosticsObserver } from '../lib/events.ts'
import { dpopProver } from '../protocol/dpop.ts'
import { profileChooser } from '../session/provider-profile.ts'
import type { RecordStore } from '../stores/store.ts'
import { alarm as createAlarm } from './alarm.ts'
import type { RefreshWorker, RefreshWorkerEvent, RefreshWorkerOptions } from './api.ts'
import { createAttempts } from './attempts.ts'
import { createLoop } from './loop.ts'
import type { RefreshAttemptContext } from './refresh-if-due.ts'
import { scanStore } from './scan.ts'
import { createSchedule } from './schedule.ts'

/**
 * Refreshes the grants of all users in a store ahead of their expiry, so that no call waits for a
 * refresh. It is for gateways and servers with many users.
 *
 * It finds grants by their bindings, which sessions write. It does not find grants that were made
 * only with `createTokenManager`. Several workers may run over one store, on any number of machines:
 * each grant is refreshed once for each expiry. It never asks a user to sign in: a grant that needs
 * the user waits for the next sign-in.
 *
 * @throws EvergrantClientError `INVALID_OPTION`
 * @example
 * const worker = createRefreshWorker(store, options)
 * await worker.start()
 */
export function createRefreshWorker(
  store: RecordStore,
  options: RefreshWorkerOptions = {},
): RefreshWorker {
  const { clock = systemClock, random = Math.random } = options
  const { maximumConcurrentRefreshes, startSpreadSeconds, rescanSeconds } = checkedLimits(options)
  const attempt: RefreshAttemptContext = {
    store,
    clock,
    observe: diagnosticsObserver(options.observe),
    http: { fetch: options.fetch, requestTimeoutMilliseconds: options.requestTimeoutMilliseconds },
    dpop: dpopProver(),
    client: options.client,
    profileOf: profileChooser(options.profileFor),
    timing: options.timing,
    serverHealth: options.serverHealth,
  }
  const alarm = createAlarm(clock)
  const schedule = createSchedule({ clock, random, maximumConcurrentRefreshes, alarm, report })
  const attempts = createAttempts({ schedule, attempt, alarm, report, mayStart })
  const scanContext = { schedule, attempt, report, spreadSeconds: startSpreadSeconds }

  /** Present while the worker runs; `stop` aborts it. */
  let run: AbortController | undefined
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined
  let scanning: Promise<void> | undefined
  const loop = createLoop({ clock, schedule, attempts, alarm, rescanSeconds, scan, report })

  function report(event: RefreshWorkerEvent): void {
    try {
      options.observe?.(event)
    } catch {
      // A failing observer must not break a refresh.
    }
  }

  function mayStart(): boolean {
    return run !== undefined && !run.signal.aborted
  }

  /** One scan at a time. */
  function scan(signal: AbortSignal): Promise<void> {
    scanning ??= scanStore(scanContext, signal).finally(() => {
      scanning = undefined
    })
    return scanning
  }

  async function begin(): Promise<void> {
    await stopping
    run = new AbortController()
    const { signal } = run
    // Refreshes start while the rest of the store is still being read.
    loop.start(signal)
    try {
      await scan(signal)
    } catch (cause) {
      await stop()
      if (EvergrantClientError.is(cause)) throw cause
      throw new EvergrantClientError(
        'TOKEN_STORE_UNAVAILABLE',
        'The refresh worker could not list the grants of the token store. Check that the store is reachable and readable.',
        { cause },
      )
    }
  }

  function stop(): Promise<void> {
    starting = undefined
    stopping ??= finish().finally(() => {
      stopping = undefined
    })
    return stopping
  }

  async function finish(): Promise<void> {
    run?.abort()
    await loop.ended()
    await scanning?.catch(() => undefined)
    await Promise.all(attempts.running)
    await attempts.saveBeforeStop()
    run = undefined
    schedule.clear()
  }

  function runningWork(): Promise<void>[] {
    const scanned = scanning?.catch(() => undefined)
    return scanned === undefined ? [...attempts.running] : [...attempts.running, scanned]
  }

  return {
    start() {
      starting ??= begin()
      return starting
    },
    stop,
    async whenIdle() {
      if (run !== undefined) loop.startDue(run.signal)
      for (let work = runningWork(); work.length > 0; work = runningWork()) await Promise.all(work)
    },
    stats: () => ({
      ...attempts.counts,
      running: run !== undefined,
      grants: schedule.grants.size,
      inactive: schedule.inactive(),
      servers: schedule.stats(),
    }),
  }
}

type Limits = 'maximumConcurrentRefreshes' | 'startSpreadSeconds' | 'rescanSeconds'

function checkedLimits(options: RefreshWorkerOptions): Readonly<Record<Limits, number>> {
  const { maximumConcurrentRefreshes = 8, startSpreadSeconds = 60, rescanSeconds = 300 } = options
  const limits = { maximumConcurrentRefreshes, startSpreadSeconds, rescanSeconds }
  if (maximumConcurrentRefreshes >= 1 && startSpreadSeconds >= 0 && rescanSeconds > 0) return limits
  throw new EvergrantClientError(
    'INVALID_OPTION',
    `The options of the refresh worker cannot be used: maximumConcurrentRefreshes is ${maximumConcurrentRefreshes} (expected 1 or more), startSpreadSeconds is ${startSpreadSeconds} (expected 0 or more), rescanSeconds is ${rescanSeconds} (expected more than 0). Correct the option.`,
  )
}
