import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { RefreshStep } from '@evergrant/client'
import type { Answer } from '../messages.ts'
import type { StoreKind } from '../stores/store-kind.ts'
import { until, within } from '../waiting.ts'
import type { Worker } from '../worker-process.ts'
import type { Inspection, World } from '../testbed.ts'
import { dueAgeSeconds, lifetimeSeconds, startWorld } from '../testbed.ts'

/** Where a refreshing process is struck. */
export type StrikePoint =
  | RefreshStep
  /** The server has the request, and has done nothing about it. */
  | 'sent'
  /** The server has rotated the refresh token, and its answer is on the way. */
  | 'committed'
  /** Any instant after the lock was taken, files half written included. */
  | 'instant'

const points: readonly StrikePoint[] = [
  'before-lock',
  'locked',
  'read',
  'journaled',
  'sent',
  'committed',
  'answered',
  'saved',
  'released',
  'instant',
]

/** After these a refresh token is spent, and its successor is in no store. */
const betweenCommitAndSave: ReadonlySet<StrikePoint> = new Set(['committed', 'answered'])

/** How many processes die and stand still, and how forgiving the server is. */
export interface StrikesOptions {
  readonly store: StoreKind
  readonly kills: number
  readonly stops: number
  readonly graceSeconds: number
  readonly processes: number
  readonly callers: number
  /** How long a suspended process stands still, at most. Default 400; at least 50. */
  readonly longestStopMilliseconds?: number
}

/** What the strikes cost. */
export interface StrikesReport {
  readonly kills: number
  readonly stops: number
  readonly strikesByPoint: Readonly<Record<string, number>>
  /** Kills that fell between the server's commit and the save, known before anybody went on. */
  readonly lossyKills: readonly number[]
  /** Strikes after which somebody was told to sign in, as `kill 3` or `stop 3`. */
  readonly forcedSignIns: readonly string[]
  /** Errors of processes that were not struck, by code; those of lossy kills are not counted. */
  readonly errorsOfOthers: Readonly<Record<string, number>>
  readonly recordsLost: number
  readonly recordsTorn: number
  readonly setAside: number
  readonly leftovers: { readonly before: number; readonly after: number }
}

interface Tally {
  readonly strikesByPoint: Record<string, number>
  readonly lossyKills: number[]
  readonly forcedSignIns: string[]
  readonly errorsOfOthers: Record<string, number>
  recordsLost: number
  recordsTorn: number
  setAside: number
}

/** Kills and suspends refreshing processes at every step, while others ask for the same tokens. */
export async function strike(options: StrikesOptions): Promise<StrikesReport> {
  await using world = await startWorld({
    store: options.store,
    processes: options.processes,
    graceSeconds: options.graceSeconds,
  })
  const tally: Tally = {
    strikesByPoint: {},
    lossyKills: [],
    forcedSignIns: [],
    errorsOfOthers: {},
    recordsLost: 0,
    recordsTorn: 0,
    setAside: 0,
  }
  let before = await world.inspect()
  for (const [index, point] of shuffled(options.kills).entries()) {
    await killOnce(world, options, tally, index, point)
    before = await account(world, tally, before)
  }
  for (const [index, point] of shuffled(options.stops).entries()) {
    await stopOnce(world, options, tally, index, point)
    before = await account(world, tally, before)
  }
  return {
    kills: options.kills,
    stops: options.stops,
    ...tally,
    leftovers: await world.leftoversAfterSweep(),
  }
}

async function killOnce(
  world: World,
  options: StrikesOptions,
  tally: Tally,
  index: number,
  point: StrikePoint,
): Promise<void> {
  count(tally.strikesByPoint, point)
  await world.advance(index % 3 === 2 ? dueAgeSeconds : lifetimeSeconds)
  // At a random instant only the store and the server can tell on which side of the save it fell:
  // without grace the others must not act before they are asked.
  const alone = point === 'instant' && options.graceSeconds === 0
  const asking = alone ? world.workers.slice(0, 1) : world.workers
  // A request that the server holds back when its sender dies is never carried out.
  const { victim, answers } = await bringTo(world, point, asking, options.callers)
  if (point === 'instant') await pause(randomInt(25))
  await victim.kill()
  world.remove(victim)
  const replacement = world.prepareWorker()
  await world.drained()
  const lossy = alone ? !(await world.isStoredTokenLive()) : betweenCommitAndSave.has(point)
  if (lossy) tally.lossyKills.push(index)

  for (const worker of asking) worker.goOn()
  const others = world.workers
  const results = [...(await answers)]
  // Whoever did not ask in this round, or was served from memory, meets the crash now.
  results.push(...(await world.all('tokens', options.callers, others)))
  await world.all('idle', 0, others)
  results.push(...(await world.all('tokens', 1, others)))
  const forced = results.some((answer) => answer?.errors['SIGN_IN_REQUIRED'] !== undefined)
  if (forced) tally.forcedSignIns.push(`kill ${index}`)
  if (!(forced && lossy && options.graceSeconds === 0)) countErrors(tally, results)
  if (forced || !world.as.isGrantAlive()) {
    if (!forced) tally.forcedSignIns.push(`kill ${index}`)
    await world.signIn()
  }
  const letIn = await replacement
  letIn()
  // All know the token of now; only so can the next round have it refreshed while it is good.
  await world.all('tokens', 1)
}

async function stopOnce(
  world: World,
  options: StrikesOptions,
  tally: Tally,
  index: number,
  point: StrikePoint,
): Promise<void> {
  count(tally.strikesByPoint, point)
  const stillGood = index % 2 === 1
  await world.advance(stillGood ? dueAgeSeconds : lifetimeSeconds)
  const { victim, answers, held } = await bringTo(world, point, world.workers, options.callers)
  if (point === 'instant') await pause(randomInt(25))
  victim.suspend()
  // What it would do next is waiting for it when it wakes, the server's answer too.
  for (const worker of world.workers) worker.goOn()
  held.release()
  const others = world.workers.filter((worker) => worker !== victim)
  const results: (Answer | undefined)[] = []
  // While the token is still good, nobody waits for the one that stands still.
  if (stillGood) results.push(...(await world.all('tokens', options.callers, others)))
  await pause(randomInt(50, options.longestStopMilliseconds ?? 400))
  victim.resume()
  results.push(...(await answers))
  await world.all('idle', 0)
  results.push(...(await world.all('tokens', options.callers)))
  countErrors(tally, results)
  const forced = results.some((answer) => answer?.errors['SIGN_IN_REQUIRED'] !== undefined)
  if (!forced && world.as.isGrantAlive()) return
  tally.forcedSignIns.push(`stop ${index}`)
  await world.signIn()
  await world.all('tokens', 1)
}

/** Work under way, and the one process that stands where it was wanted. */
interface Brought {
  readonly victim: Worker
  readonly answers: Promise<(Answer | undefined)[]>
  /** Lets the server go on with a request that it holds back. */
  readonly held: { release(): void }
}

async function bringTo(
  world: World,
  point: StrikePoint,
  asking: readonly Worker[],
  callers: number,
): Promise<Brought> {
  const holdBack = Promise.withResolvers<void>()
  const inServer = point === 'sent' || point === 'committed'
  if (inServer) {
    world.as.faults.token.push({
      kind: 'hang',
      afterCommit: point === 'committed',
      until: holdBack.promise,
    })
  }
  const requestsBefore = world.as.requests.length
  const standing = Promise.any(
    asking.map(async (worker) => {
      await worker.stopAt(stepFor(point))
      return worker
    }),
  )
  const answers = world.all('tokens', callers, asking)
  const victim = await within(30_000, standing, `No process came to the step ${point}.`)
  for (const worker of asking) if (worker !== victim) worker.goOn()
  if (point === 'instant') victim.goOn()
  if (inServer) {
    victim.goOn()
    await until(() => {
      const request = world.as.requests.slice(requestsBefore).find(({ fault }) => fault === 'hang')
      return request !== undefined && (point === 'sent' || request.outcome !== 'not-reached')
    })
  }
  return { victim, answers, held: { release: holdBack.resolve } }
}

function stepFor(point: StrikePoint): RefreshStep {
  if (point === 'instant') return 'locked'
  return point === 'sent' || point === 'committed' ? 'journaled' : point
}

/** Reads every record after a strike, and compares with what was there before. */
async function account(world: World, tally: Tally, before: Inspection): Promise<Inspection> {
  const after = await world.inspect()
  tally.recordsTorn += after.torn.length
  tally.recordsLost += [...before.records].filter((record) => !after.records.has(record)).length
  tally.setAside = Math.max(tally.setAside, after.setAside)
  return after
}

function countErrors(tally: Tally, results: readonly (Answer | undefined)[]): void {
  for (const answer of results) {
    for (const [code, times] of Object.entries(answer?.errors ?? {})) {
      tally.errorsOfOthers[code] = (tally.errorsOfOthers[code] ?? 0) + times
    }
  }
}

/** Every point as often as the others, in random order. */
function shuffled(length: number): StrikePoint[] {
  const deck = Array.from({ length }, (_, index) => points[index % points.length] ?? 'instant')
  for (let index = deck.length - 1; index > 0; index -= 1) {
    const other = randomInt(index + 1)
    const [a, b] = [deck[index], deck[other]]
    if (a !== undefined && b !== undefined) [deck[index], deck[other]] = [b, a]
  }
  return deck
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}
