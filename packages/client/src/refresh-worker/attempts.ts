import type { Alarm } from './alarm.ts'
import type { RefreshWorkerEvent, RefreshWorkerStats } from './api.ts'
import type { LaterReason, RefreshAttempt, RefreshAttemptContext } from './refresh-if-due.ts'
import { refreshIfDue } from './refresh-if-due.ts'
import type { Schedule } from './schedule.ts'
import type { ScheduledGrant, ServerQueue } from './server-queue.ts'

/** Pause after a failure of the store, or while another process refreshes a grant. */
const storePauseSeconds = 5
const refusedPauseSeconds = 3600

/** The refresh attempts of one worker. */
export interface Attempts {
  /** The running attempts. */
  readonly running: ReadonlySet<Promise<void>>
  readonly counts: Readonly<Pick<RefreshWorkerStats, 'refreshed' | 'adopted' | 'postponed'>>
  /** Starts every attempt of a server that may start now. */
  startDue(server: ServerQueue): void
  /** Saves unsaved tokens one last time, because they exist only in this process. */
  saveBeforeStop(): Promise<void>
}

/** What attempts need. */
export interface AttemptsOptions {
  readonly schedule: Schedule
  readonly attempt: RefreshAttemptContext
  readonly alarm: Alarm
  readonly report: (event: RefreshWorkerEvent) => void
  /** Whether new attempts may start. */
  readonly mayStart: () => boolean
}

export function createAttempts(options: AttemptsOptions): Attempts {
  const { schedule, attempt: context, alarm, report, mayStart } = options
  const running = new Set<Promise<void>>()
  const counts = { refreshed: 0, adopted: 0, postponed: 0 }
  /** Tokens that could not be saved yet, by binding. */
  const unsaved = new Map<string, Extract<RefreshAttempt, { kind: 'unsaved' }>>()

  function startDue(server: ServerQueue): void {
    if (!mayStart()) return
    for (let grant = schedule.take(server); grant !== undefined; grant = schedule.take(server)) {
      start(server, grant)
    }
  }

  function start(server: ServerQueue, grant: ScheduledGrant): void {
    grant.state = 'running'
    server.running += 1
    const attempt = run(grant).finally(() => {
      running.delete(attempt)
      server.running -= 1
      startDue(server)
      alarm.wakeFor(schedule.nextStart(server))
    })
    running.add(attempt)
  }

  async function run(grant: ScheduledGrant): Promise<void> {
    const { bindingId } = grant
    try {
      const attempt = await (unsaved.get(bindingId)?.save() ??
        refreshIfDue(context, bindingId, { refresh: true }))
      if (attempt.kind !== 'unsaved') unsaved.delete(bindingId)
      settle(grant, attempt)
    } catch (error) {
      report({ type: 'refresh-worker-failed', issuer: grant.serverQueue.issuer, error })
      schedule.pause(grant.serverQueue, 'store-unwritable', storePauseSeconds)
      postpone(grant, storePauseSeconds)
    }
  }

  function settle(grant: ScheduledGrant, attempt: RefreshAttempt): void {
    const before = grant.serverQueue
    if (attempt.kind !== 'no-binding' && attempt.issuer !== undefined) {
      grant.serverQueue = schedule.serverOf(attempt.issuer)
    }
    switch (attempt.kind) {
      case 'no-binding':
        schedule.grants.delete(grant.bindingId)
        return
      case 'inactive':
        grant.state = 'inactive'
        if (attempt.error !== undefined) {
          report({ type: 'refresh-worker-failed', issuer: attempt.issuer, error: attempt.error })
        }
        return
      case 'active':
        if (attempt.by !== 'nothing-to-do') {
          counts[attempt.by] += 1
          // New tokens show that the server answers again, even if another process obtained them.
          before.probing = false
        }
        schedule.addNext(grant, attempt.next)
        return
      case 'later':
        repeatLater(grant, attempt)
        return
      case 'unsaved':
        unsaved.set(grant.bindingId, attempt)
        postpone(grant, 1)
    }
  }

  function repeatLater(grant: ScheduledGrant, attempt: LaterAttempt): void {
    const { pauseSeconds, postponeSeconds } = delaysAfter(attempt)
    if (pauseSeconds !== undefined) {
      schedule.pause(grant.serverQueue, attempt.because, pauseSeconds)
    }
    if (postponeSeconds === undefined) schedule.addNow(grant)
    else postpone(grant, postponeSeconds)
  }

  function postpone(grant: ScheduledGrant, seconds: number): void {
    counts.postponed += 1
    schedule.postpone(grant, seconds)
  }

  return {
    running,
    counts,
    startDue,
    async saveBeforeStop() {
      for (const [bindingId, { save, abandon }] of unsaved) {
        const attempt = await save().catch(() => undefined)
        if (attempt !== undefined && attempt.kind !== 'unsaved') unsaved.delete(bindingId)
        else await abandon()
      }
    },
  }
}

type LaterAttempt = Extract<RefreshAttempt, { kind: 'later' }>

interface Delays {
  /** How long no attempts start for the server. */
  readonly pauseSeconds?: number
  /** By how much the grant is postponed. Without it, the grant stays due. */
  readonly postponeSeconds?: number
}

function delaysAfter({ because, retryAfterSeconds }: LaterAttempt): Delays {
  const waitSeconds = retryAfterSeconds ?? storePauseSeconds
  const delays: Readonly<Record<LaterReason, Delays>> = {
    // Another process is refreshing this grant and is probably finished soon.
    'lock-busy': { postponeSeconds: storePauseSeconds },
    'lock-unavailable': { pauseSeconds: storePauseSeconds, postponeSeconds: storePauseSeconds },
    'store-unwritable': { pauseSeconds: storePauseSeconds, postponeSeconds: storePauseSeconds },
    'request-refused': { postponeSeconds: refusedPauseSeconds },
    'backing-off': { pauseSeconds: waitSeconds },
    'response-lost': {},
    'server-unavailable': { pauseSeconds: waitSeconds, postponeSeconds: waitSeconds },
  }
  return delays[because]
}
