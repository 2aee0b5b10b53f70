import { until, within } from '../waiting.ts'
import type { Fleet } from './fleet.ts'
import { dueAgeSeconds, startFleet } from './fleet.ts'
import type { WorkerStep } from './messages.ts'

/** Where a worker is killed between the end of a grant and the confirmation of its notice. */
const steps: readonly WorkerStep[] = [
  'before-lock',
  'locked',
  'journaled',
  'answered',
  'released',
  'before-notice',
  'after-notice',
]

/** What a kill did to a notice. */
export interface NoticeReport {
  readonly step: WorkerStep
  /** How often the host received the notice, before and after the kill. */
  readonly deliveries: number
  /** Deliveries of one event have one ID. */
  readonly events: number
  /** From the start of the next worker to the delivery. */
  readonly seconds: number
}

/** Ends grants, kills the worker that notices it at each step, and starts another one. */
export async function killNotifyingWorkers(urls: {
  readonly url: string
  readonly adminUrl?: string
}): Promise<readonly NoticeReport[]> {
  const options = { ...urls, workers: 1, users: 1, graceSeconds: 0, stepped: true }
  await using fleet = await startFleet(options)
  const reports: NoticeReport[] = []
  for (const step of steps) reports.push(await killAt(fleet, step))
  return reports
}

async function killAt(fleet: Fleet, step: WorkerStep): Promise<NoticeReport> {
  const [user] = fleet.users
  const [worker] = fleet.workers
  if (user === undefined || worker === undefined) throw new Error('The fleet is not complete.')
  await user.signIn()
  for (const { id, alive } of fleet.as.grants()) if (alive) fleet.as.revokeGrant(id)
  const before = fleet.notices.length
  await worker.willStopAt(step)
  await fleet.advance(dueAgeSeconds)
  await within(30_000, worker.stopped(), `The worker did not reach the step "${step}".`)
  await worker.kill()
  fleet.remove(worker)
  const beforeReturn = fleet.notices.length
  const admit = await fleet.prepareWorker()
  await admit()
  const returnedAt = performance.now()
  await until(() => fleet.notices.length > beforeReturn)
  const seconds = (performance.now() - returnedAt) / 1000
  const delivered = fleet.notices.slice(before)
  return { step, deliveries: delivered.length, events: new Set(delivered).size, seconds }
}
