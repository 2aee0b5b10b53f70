import { systemClock } from '../lib/clock.ts'
import { diagnosticsObserver } from '../lib/events.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { dpopProver } from '../protocol/dpop.ts'
import type { RecordStore } from '../stores/store.ts'
import { concurrently } from './concurrently.ts'
import type { Keeper, KeeperEvent, KeeperOptions, KeeperServerStats } from './refresh-worker-api.ts'
import type { KeptGrant, ServerLane } from './server-queue.ts'
import { nextStart, serverLane, takeDue } from './server-queue.ts'
import type { LaterReason, NextRefresh, Visit, VisitContext } from './refresh-if-due.ts'
import { visitGrant } from './refresh-if-due.ts'

/** The clock is looked at this often, at least: timers sleep with the machine, and can drift. */
const longestSleepSeconds = 30
const shortestSleepSeconds = 0.05
/** A clock that went back further than this was set. */
const clockNoiseSeconds = 5
const concurrentReads = 8
/** By how much of the time before expiry a keeper comes later than others, at most. */
const jitterShare = 0.2
/** Pauses after a failure of the store, or while another process works on a grant. */
const storePauseSeconds = 5
/** Servers that issue tokens of a second or two are not asked for one every second. */
const shortestIntervalSeconds = 10
const longestOwnPauseSeconds = 600
const refusedPauseSeconds = 3600

/**
 * Refreshes the grants of all users in a store ahead of their expiry, so that no call has to wait
 * for it: for gateways and servers with many users.
 *
 * It finds grants by their bindings, which sessions write; grants made with `createTokenManager`
 * alone are not found. Several keepers may run over one store, on as many machines: each grant is
 * refreshed by one of them, for each expiry once. It asks nobody to sign in: grants that ended
 * wait until a person does.
 */
export function createKeeper(store: RecordStore, options: KeeperOptions = {}): Keeper {
  const {
    maximumConcurrentRefreshes = 8,
    startSpreadSeconds = 60,
    rescanSeconds = 300,
    clock = systemClock,
    random = Math.random,
  } = options
  if (!(maximumConcurrentRefreshes >= 1 && startSpreadSeconds >= 0 && rescanSeconds > 0)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `A keeper needs maximumConcurrentRefreshes of 1 or more, startSpreadSeconds of 0 or more and rescanSeconds above 0; got ${maximumConcurrentRefreshes}, ${startSpreadSeconds} and ${rescanSeconds}.`,
    )
  }
  const context: VisitContext = {
    store,
    clock,
    observe: diagnosticsObserver(options.observe),
    http: { fetch: options.fetch, requestTimeoutMilliseconds: options.requestTimeoutMilliseconds },
    dpop: dpopProver(),
    client: options.client,
    profileFor: options.profileFor,
    timing: options.timing,
    serverHealth: options.serverHealth,
  }
  const lanes = new Map<string, ServerLane>()
  const grants = new Map<string, KeptGrant>()
  const visits = new Set<Promise<void>>()
  /** Tokens that could not be saved yet, by binding. */
  const unsaved = new Map<string, Extract<Visit, { kind: 'unsaved' }>>()
  const counts = { refreshed: 0, adopted: 0, postponed: 0 }

  /** Present while the keeper runs; aborted by `stop`. */
  let run: AbortController | undefined
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined
  let looping: Promise<void> = Promise.resolve()
  let scanning: Promise<void> | undefined
  let wakeAtEpochSeconds = 0
  let lastSeenEpochSeconds = 0
  let nextScanEpochSeconds = 0
  let wake = new AbortController()

  function now(): number {
    return clock.nowEpochSeconds()
  }

  function report(event: KeeperEvent): void {
    try {
      options.observe?.(event)
    } catch {
      // An observer that fails must not cost anybody a grant.
    }
  }

  function laneOf(issuer: string): ServerLane {
    const known = lanes.get(issuer)
    if (known !== undefined) return known
    const lane = serverLane(issuer)
    lanes.set(issuer, lane)
    return lane
  }

  function enqueue(grant: KeptGrant, dueAtEpochSeconds: number): void {
    grant.dueAtEpochSeconds = dueAtEpochSeconds
    grant.state = 'queued'
    grant.lane.queue.add(grant)
    if (nextStart(grant.lane, maximumConcurrentRefreshes) < wakeAtEpochSeconds) wake.abort()
  }

  // -- Looking through the store ------------------------------------------------------------------

  /** One at a time. */
  function scan(signal: AbortSignal): Promise<void> {
    scanning ??= lookThrough(signal, startSpreadSeconds).finally(() => {
      scanning = undefined
    })
    return scanning
  }

  /** Finds new grants, and looks again at those not kept: somebody may have signed in anew. */
  async function lookThrough(signal: AbortSignal, spreadSeconds: number): Promise<void> {
    await concurrently(store.list('binding'), concurrentReads, signal, async (bindingId) => {
      const known = grants.get(bindingId)
      if (known !== undefined && known.state !== 'unkept') return
      const visit = await visitGrant(context, bindingId, { refresh: false })
      if (!signal.aborted) place(bindingId, visit, spreadSeconds)
    })
    if (signal.aborted) return
    report({ type: 'keeper-scanned', grants: grants.size, unkept: countUnkept() })
  }

  function place(bindingId: string, visit: Visit, spreadSeconds: number): void {
    const known = grants.get(bindingId)
    if (known !== undefined && known.state !== 'unkept') return
    if (visit.kind === 'gone') {
      grants.delete(bindingId)
      return
    }
    const lane = laneOf(visit.issuer ?? '')
    const grant: KeptGrant = known ?? {
      bindingId,
      lane,
      dueAtEpochSeconds: 0,
      failures: 0,
      state: 'unkept',
    }
    grant.lane = lane
    grants.set(bindingId, grant)
    if (visit.kind === 'kept') enqueue(grant, firstDue(visit.next, spreadSeconds))
    else if (visit.kind === 'unkept' && visit.error !== undefined && known === undefined) {
      report({ type: 'keeper-failed', issuer: visit.issuer, error: visit.error })
    }
  }

  function countUnkept(): number {
    let count = 0
    for (const { state } of grants.values()) if (state === 'unkept') count += 1
    return count
  }

  /** Grants that are due already are spread, so that a restart is no burst, but not past expiry. */
  function firstDue(next: NextRefresh, spreadSeconds: number): number {
    const time = now()
    if (next.urgent) return time
    if (next.dueAtEpochSeconds > time) return withJitter(next)
    const usableSeconds = next.expiresAtEpochSeconds - time
    const window = usableSeconds > 0 ? Math.min(spreadSeconds, usableSeconds / 2) : spreadSeconds
    return time + random() * window
  }

  /** Keepers that share a store come at different moments: the second finds the work done. */
  function withJitter(next: NextRefresh): number {
    const ahead = Math.max(0, next.expiresAtEpochSeconds - next.dueAtEpochSeconds)
    return next.dueAtEpochSeconds + random() * jitterShare * ahead
  }

  // -- Visiting what is due -----------------------------------------------------------------------

  function startDue(lane: ServerLane): void {
    if (run === undefined || run.signal.aborted) return
    for (let grant = due(lane); grant !== undefined; grant = due(lane)) start(lane, grant)
  }

  function due(lane: ServerLane): KeptGrant | undefined {
    return takeDue(lane, now(), maximumConcurrentRefreshes)
  }

  function start(lane: ServerLane, grant: KeptGrant): void {
    grant.state = 'running'
    lane.running += 1
    const visit = visitAndPlace(grant).finally(() => {
      visits.delete(visit)
      lane.running -= 1
      startDue(lane)
      if (nextStart(lane, maximumConcurrentRefreshes) < wakeAtEpochSeconds) wake.abort()
    })
    visits.add(visit)
  }

  async function visitAndPlace(grant: KeptGrant): Promise<void> {
    const { bindingId } = grant
    try {
      const visit = await (unsaved.get(bindingId)?.save() ??
        visitGrant(context, bindingId, { refresh: true }))
      if (visit.kind !== 'unsaved') unsaved.delete(bindingId)
      visited(grant, visit)
    } catch (error) {
      report({ type: 'keeper-failed', issuer: grant.lane.issuer, error })
      pause(grant.lane, 'store-unwritable', storePauseSeconds)
      postpone(grant, storePauseSeconds)
    }
  }

  function visited(grant: KeptGrant, visit: Visit): void {
    const before = grant.lane
    if (visit.kind !== 'gone' && visit.issuer !== undefined) grant.lane = laneOf(visit.issuer)
    switch (visit.kind) {
      case 'gone':
        grants.delete(grant.bindingId)
        return
      case 'unkept':
        grant.state = 'unkept'
        if (visit.error !== undefined) {
          report({ type: 'keeper-failed', issuer: visit.issuer, error: visit.error })
        }
        return
      case 'kept':
        grant.failures = 0
        if (visit.by !== 'nothing-to-do') counts[visit.by] += 1
        // New tokens, whoever got them, say that the server is there again.
        if (visit.by !== 'nothing-to-do') before.probing = false
        enqueue(grant, Math.max(withJitter(visit.next), now() + shortestIntervalSeconds))
        return
      case 'later':
        later(grant, visit)
        return
      case 'unsaved':
        unsaved.set(grant.bindingId, visit)
        postpone(grant, 1)
    }
  }

  function later(grant: KeptGrant, visit: Extract<Visit, { kind: 'later' }>): void {
    const { because, retryAfterSeconds } = visit
    switch (because) {
      case 'lock-busy':
        // Somebody is at work on it, and probably done soon.
        postpone(grant, storePauseSeconds)
        return
      case 'lock-unavailable':
      case 'store-unwritable':
        pause(grant.lane, because, storePauseSeconds)
        postpone(grant, storePauseSeconds)
        return
      case 'request-refused':
        postpone(grant, refusedPauseSeconds)
        return
      case 'backing-off':
        pause(grant.lane, because, retryAfterSeconds ?? storePauseSeconds)
        enqueue(grant, now())
        return
      case 'answer-lost':
        enqueue(grant, now())
        return
      case 'server-unavailable':
        pause(grant.lane, because, retryAfterSeconds ?? storePauseSeconds)
        postpone(grant, retryAfterSeconds ?? storePauseSeconds)
    }
  }

  /** A grant that keeps failing comes back less and less often, and holds up no other. */
  function postpone(grant: KeptGrant, seconds: number): void {
    counts.postponed += 1
    const own = Math.min(longestOwnPauseSeconds, 2 ** Math.min(grant.failures, 16))
    grant.failures += 1
    enqueue(grant, now() + Math.max(seconds, own) * (1 + jitterShare * random()))
  }

  function pause(lane: ServerLane, because: LaterReason, seconds: number): void {
    const untilEpochSeconds = now() + seconds
    lane.probing = true
    if (untilEpochSeconds <= lane.pausedUntilEpochSeconds) return
    lane.pausedUntilEpochSeconds = untilEpochSeconds
    report({ type: 'keeper-paused', issuer: lane.issuer, because, untilEpochSeconds })
  }

  // -- Running ------------------------------------------------------------------------------------

  async function loop(signal: AbortSignal): Promise<void> {
    lastSeenEpochSeconds = now()
    nextScanEpochSeconds = lastSeenEpochSeconds + rescanSeconds
    while (!signal.aborted) {
      lookAtClock(signal)
      wake = new AbortController()
      const starts = Array.from(lanes.values(), (lane) =>
        nextStart(lane, maximumConcurrentRefreshes),
      )
      wakeAtEpochSeconds = Math.min(nextScanEpochSeconds, now() + longestSleepSeconds, ...starts)
      const seconds = Math.max(shortestSleepSeconds, wakeAtEpochSeconds - now())
      await clock
        .sleep(seconds * 1000, AbortSignal.any([signal, wake.signal]))
        .catch(() => undefined)
    }
  }

  /** Begins all that is due by now. */
  function lookAtClock(signal: AbortSignal): void {
    const time = now()
    if (time < lastSeenEpochSeconds - clockNoiseSeconds) {
      // Every due time was told by a clock that is no more.
      forgetTimes()
      nextScanEpochSeconds = time
    }
    lastSeenEpochSeconds = time
    if (time >= nextScanEpochSeconds) {
      scan(signal).catch((error: unknown) => {
        report({ type: 'keeper-failed', issuer: undefined, error })
      })
      nextScanEpochSeconds = time + rescanSeconds
    }
    for (const lane of lanes.values()) startDue(lane)
  }

  function forgetTimes(): void {
    for (const lane of lanes.values()) {
      lane.queue.clear()
      lane.pausedUntilEpochSeconds = 0
    }
    for (const grant of grants.values()) {
      if (grant.state === 'queued') grant.state = 'unkept'
    }
  }

  async function begin(): Promise<void> {
    await stopping
    const controller = new AbortController()
    run = controller
    // Refreshes begin while the rest is still being read.
    looping = loop(controller.signal)
    try {
      await scan(controller.signal)
    } catch (cause) {
      await stop()
      if (EvergrantClientError.is(cause)) throw cause
      throw new EvergrantClientError(
        'TOKEN_STORE_UNAVAILABLE',
        'The keeper could not list the grants of the token store. Check that it is reachable and readable.',
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
    await looping
    await scanning?.catch(() => undefined)
    await Promise.all(visits)
    // What is still unsaved exists nowhere else: one last attempt.
    for (const [bindingId, { save, abandon }] of unsaved) {
      const visit = await save().catch(() => undefined)
      if (visit !== undefined && visit.kind !== 'unsaved') unsaved.delete(bindingId)
      else await abandon()
    }
    run = undefined
    lanes.clear()
    grants.clear()
  }

  function underWay(): Promise<void>[] {
    return scanning === undefined ? [...visits] : [...visits, scanning.catch(() => undefined)]
  }

  return {
    start() {
      starting ??= begin()
      return starting
    },
    stop,
    async whenIdle() {
      if (run !== undefined) lookAtClock(run.signal)
      for (let work = underWay(); work.length > 0; work = underWay()) await Promise.all(work)
    },
    stats() {
      return {
        ...counts,
        running: run !== undefined,
        grants: grants.size,
        unkept: countUnkept(),
        servers: Array.from(lanes.values(), (lane) => serverStats(lane, now())).filter(
          ({ queued, refreshing }) => queued + refreshing > 0,
        ),
      }
    },
  }
}

function serverStats(lane: ServerLane, nowEpochSeconds: number): KeeperServerStats {
  const { issuer, pausedUntilEpochSeconds } = lane
  return {
    issuer,
    queued: lane.queue.size,
    refreshing: lane.running,
    nextDueAtEpochSeconds: lane.queue.peek()?.dueAtEpochSeconds,
    ...(pausedUntilEpochSeconds > nowEpochSeconds ? { pausedUntilEpochSeconds } : {}),
  }
}
