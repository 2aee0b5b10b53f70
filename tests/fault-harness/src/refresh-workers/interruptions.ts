import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../random.ts'
import type { RefreshStep } from '../refresh-steps.ts'
import { until, within } from '../waiting.ts'
import type { Fleet } from './fleet.ts'
import { dueAgeSeconds, startFleet } from './fleet.ts'
import type { FleetWorker } from './worker-process.ts'

/** Where a worker is killed or suspended: at a step, or while the server has its request. */
type Point = Exclude<RefreshStep, 'read'> | 'sent' | 'committed'

const points: readonly Point[] = [
  'before-lock',
  'locked',
  'journaled',
  'sent',
  'committed',
  'answered',
  'saved',
  'released',
]
/** At these points the refresh token is spent and its successor is not saved. */
const betweenCommitAndSave: ReadonlySet<Point> = new Set(['committed', 'answered'])

/** Options of {@link interruptWorkers}. */
export interface WorkerInterruptionOptions {
  readonly url: string
  readonly adminUrl?: string
  readonly kills: number
  readonly stops: number
  readonly graceSeconds: number
  readonly random: Random
}

/** What the interruptions cost. */
export interface WorkerInterruptionReport {
  /** Kills between the server's commit and the save. */
  readonly lossyKills: readonly string[]
  /** Interruptions after which a user must sign in, such as `kill 3 (locked)`. */
  readonly forcedSignIns: readonly string[]
  readonly setAside: number
}

const workers = 4
const users = 6
/** Claims and journals of a killed worker are due again after four seconds. */
const recoverySeconds = 5

/** Kills and suspends refresh workers at every step, while the others refresh what is due. */
export async function interruptWorkers(
  options: WorkerInterruptionOptions,
): Promise<WorkerInterruptionReport> {
  await using fleet = await startFleet({ ...options, workers, users, stepped: true })
  const lossyKills: string[] = []
  const forcedSignIns: string[] = []
  async function account(label: string): Promise<void> {
    for (const user of await fleet.settled()) {
      forcedSignIns.push(label)
      await user.signIn()
    }
  }
  for (let index = 0; index < options.kills; index += 1) {
    const point = pointOf(index)
    const label = `kill ${index} (${point})`
    if (betweenCommitAndSave.has(point)) lossyKills.push(label)
    await killOnce(fleet, point)
    await account(label)
  }
  for (let index = 0; index < options.stops; index += 1) {
    const point = pointOf(index)
    await stopOnce(fleet, point, options.random.integer(50, 400))
    await account(`stop ${index} (${point})`)
  }
  return { lossyKills, forcedSignIns, setAside: await fleet.setAside() }
}

/** Every point equally often. */
function pointOf(index: number): Point {
  return points[index % points.length] ?? 'locked'
}

async function killOnce(fleet: Fleet, point: Point): Promise<void> {
  const { victim } = await bringTo(fleet, point)
  await victim.kill()
  fleet.remove(victim)
  for (const worker of fleet.workers) worker.goOn()
  await fleet.advance(recoverySeconds)
  const admit = await fleet.prepareWorker()
  await admit()
}

async function stopOnce(fleet: Fleet, point: Point, milliseconds: number): Promise<void> {
  const { victim, release } = await bringTo(fleet, point)
  victim.suspend()
  // Its next step, and the server's response, are ready when it resumes.
  for (const worker of fleet.workers) worker.goOn()
  release()
  await pause(milliseconds)
  victim.resume()
  await fleet.advance(recoverySeconds)
}

/** Makes all grants due, and brings one worker to the point. The others wait at the same step. */
async function bringTo(
  fleet: Fleet,
  point: Point,
): Promise<{ readonly victim: FleetWorker; readonly release: () => void }> {
  const step = point === 'sent' || point === 'committed' ? 'journaled' : point
  await Promise.all(fleet.workers.map((worker) => worker.willStopAt(step)))
  await fleet.advance(dueAgeSeconds)
  const victim = await within(
    30_000,
    Promise.any(fleet.workers.map((worker) => worker.stopped().then(() => worker))),
    `No worker reached the step ${step}.`,
  )
  const holdBack = Promise.withResolvers<void>()
  if (step !== point) {
    const before = fleet.as.requests.length
    const afterCommit = point === 'committed'
    fleet.as.faults.token.push({ kind: 'hang', afterCommit, until: holdBack.promise })
    victim.goOn()
    await until(() => {
      const request = fleet.as.requests.slice(before).find(({ fault }) => fault === 'hang')
      return request !== undefined && (!afterCommit || request.outcome !== 'not-reached')
    })
  }
  return { victim, release: holdBack.resolve }
}
