import pMap from 'p-map'
import type { RefreshWorkerEvent } from './api.ts'
import type { RefreshAttempt, RefreshAttemptContext } from './refresh-if-due.ts'
import { refreshIfDue } from './refresh-if-due.ts'
import type { Schedule } from './schedule.ts'
import type { ScheduledGrant } from './server-queue.ts'

const concurrentReads = 8

/** What a scan needs. */
export interface ScanContext {
  readonly schedule: Schedule
  readonly attempt: RefreshAttemptContext
  readonly report: (event: RefreshWorkerEvent) => void
  /** The period over which grants that are due already are spread. */
  readonly spreadSeconds: number
}

/**
 * Reads every binding of the store, and schedules new grants. Inactive grants are read again, because
 * the user may have signed in again. After an abort, no further grant is read.
 *
 * @throws The first error of the store, after the reads that were running have ended.
 */
export async function scanStore(context: ScanContext, signal: AbortSignal): Promise<void> {
  const { schedule, attempt, report } = context
  let failure: { readonly error: unknown } | undefined

  async function* bindingIds(): AsyncGenerator<string> {
    try {
      for await (const id of attempt.store.list('binding')) {
        if (signal.aborted || failure !== undefined) return
        yield id
      }
    } catch (error) {
      failure ??= { error }
    }
  }

  async function readGrant(bindingId: string): Promise<void> {
    const known = schedule.grants.get(bindingId)
    if (known !== undefined && known.state !== 'inactive') return
    try {
      const found = await refreshIfDue(attempt, bindingId, { refresh: false })
      if (!signal.aborted) place(context, bindingId, found)
    } catch (error) {
      failure ??= { error }
    }
  }

  await pMap(bindingIds(), readGrant, { concurrency: concurrentReads })
  if (failure !== undefined) throw failure.error
  if (signal.aborted) return
  const [grants, inactive] = [schedule.grants.size, schedule.inactive()]
  report({ type: 'refresh-worker-scanned', grants, inactive })
}

function place(context: ScanContext, bindingId: string, found: RefreshAttempt): void {
  const { schedule, report, spreadSeconds } = context
  const known = schedule.grants.get(bindingId)
  if (known !== undefined && known.state !== 'inactive') return
  if (found.kind === 'no-binding') {
    schedule.grants.delete(bindingId)
    return
  }
  const serverQueue = schedule.serverOf(found.issuer ?? '')
  const grant: ScheduledGrant = known ?? {
    bindingId,
    serverQueue,
    dueAtEpochSeconds: 0,
    failures: 0,
    state: 'inactive',
  }
  grant.serverQueue = serverQueue
  schedule.grants.set(bindingId, grant)
  if (found.kind === 'active') schedule.addFound(grant, found.next, spreadSeconds)
  else if (found.kind === 'inactive' && found.error !== undefined && known === undefined) {
    report({ type: 'refresh-worker-failed', issuer: found.issuer, error: found.error })
  }
}
