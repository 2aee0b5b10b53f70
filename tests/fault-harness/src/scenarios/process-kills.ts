import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from '../messages.ts'
import type { RefreshStep } from '../refresh-steps.ts'
import type { StoreKind } from '../stores/store-kind.ts'
import type { Random } from '../random.ts'
import { until, within } from '../waiting.ts'
import type { Worker } from '../worker-process.ts'
import type { Inspection } from '../stores/inspect-records.ts'
import type { Testbed } from '../testbed.ts'
import { dueAgeSeconds, lifetimeSeconds, startTestbed } from '../testbed.ts'

/** Where a refreshing process is killed or suspended. */
export type InterruptionPoint =
  | RefreshStep
  /** The server has received the request and has not processed it. */
  | 'sent'
  /** The server has rotated the refresh token, and its response has not arrived. */
  | 'committed'
  /** A random instant after the lock was taken, for example while a file is half written. */
  | 'instant'

const points: readonly InterruptionPoint[] = [
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

/** At these points the refresh token is spent and its successor is not saved. */
const betweenCommitAndSave: ReadonlySet<InterruptionPoint> = new Set(['committed', 'answered'])

/** Options of {@link interruptProcesses}. */
export interface InterruptionOptions {
  readonly store: StoreKind
  readonly kills: number
  readonly stops: number
  readonly graceSeconds: number
  readonly processes: number
  readonly callers: number
  /** The longest suspension. Default 400; at least 50. */
  readonly longestStopMilliseconds?: number
  /** Draws the order of the points and the random instants. */
  readonly random: Random
}

/** What the interruptions cost. */
export interface InterruptionReport {
  readonly kills: number
  readonly stops: number
  readonly interruptionsByPoint: Readonly<Record<string, number>>
  /** Kills between the server's commit and the save, determined before other processes continue. */
  readonly lossyKills: readonly string[]
  /** Interruptions after which a caller received `SIGN_IN_REQUIRED`, such as `kill 3 (locked)`. */
  readonly forcedSignIns: readonly string[]
  /** Errors of the other processes by code, without those after lossy kills. */
  readonly errorsOfOthers: Readonly<Record<string, number>>
  readonly recordsLost: number
  readonly recordsTorn: number
  readonly setAside: number
  readonly leftovers: { readonly before: number; readonly after: number }
}

interface Tally {
  readonly interruptionsByPoint: Record<string, number>
  readonly lossyKills: string[]
  readonly forcedSignIns: string[]
  readonly errorsOfOthers: Record<string, number>
  recordsLost: number
  recordsTorn: number
  setAside: number
}

/** Kills and suspends refreshing processes at every step while others request the same tokens. */
export async function interruptProcesses(
  options: InterruptionOptions,
): Promise<InterruptionReport> {
  await using testbed = await startTestbed({
    store: options.store,
    processes: options.processes,
    graceSeconds: options.graceSeconds,
  })
  const tally: Tally = {
    interruptionsByPoint: {},
    lossyKills: [],
    forcedSignIns: [],
    errorsOfOthers: {},
    recordsLost: 0,
    recordsTorn: 0,
    setAside: 0,
  }
  let before = await testbed.inspect()
  for (const [index, point] of shuffled(options.kills, options.random).entries()) {
    await killOnce(testbed, options, tally, index, point)
    before = await account(testbed, tally, before)
  }
  for (const [index, point] of shuffled(options.stops, options.random).entries()) {
    await stopOnce(testbed, options, tally, index, point)
    before = await account(testbed, tally, before)
  }
  return {
    kills: options.kills,
    stops: options.stops,
    ...tally,
    leftovers: await testbed.leftoversAfterSweep(),
  }
}

async function killOnce(
  testbed: Testbed,
  options: InterruptionOptions,
  tally: Tally,
  index: number,
  point: InterruptionPoint,
): Promise<void> {
  const label = `kill ${index} (${point})`
  count(tally.interruptionsByPoint, point)
  await testbed.advance(index % 3 === 2 ? dueAgeSeconds : lifetimeSeconds)
  // For a random instant, only the store and the server can tell whether the save happened. Without
  // grace, the other processes must not act before that is known.
  const alone = point === 'instant' && options.graceSeconds === 0
  const asking = alone ? testbed.workers.slice(0, 1) : testbed.workers
  // The server discards a held request when its sender dies.
  const { victim, answers } = await bringTo(testbed, point, asking, options.callers)
  if (point === 'instant') await pause(options.random.integer(25))
  await victim.kill()
  testbed.remove(victim)
  const replacement = testbed.prepareWorker()
  await testbed.drained()
  const lossy = alone ? !(await testbed.isStoredTokenLive()) : betweenCommitAndSave.has(point)
  if (lossy) tally.lossyKills.push(label)

  for (const worker of asking) worker.goOn()
  const others = testbed.workers
  const results = [...(await answers)]
  // Processes that did not ask in this round, or were served from memory, meet the crash now.
  results.push(...(await testbed.all('tokens', options.callers, others)))
  await testbed.all('idle', 0, others)
  results.push(...(await testbed.all('tokens', 1, others)))
  const forced = results.some((answer) => answer?.errors['SIGN_IN_REQUIRED'] !== undefined)
  if (forced) tally.forcedSignIns.push(label)
  if (!(forced && lossy && options.graceSeconds === 0)) countErrors(tally, results)
  if (forced || !testbed.as.isGrantAlive()) {
    if (!forced) tally.forcedSignIns.push(label)
    await testbed.signIn()
  }
  const letIn = await replacement
  letIn()
  // Let every process load the current token. The next round may refresh it before it expires.
  await testbed.all('tokens', 1)
}

async function stopOnce(
  testbed: Testbed,
  options: InterruptionOptions,
  tally: Tally,
  index: number,
  point: InterruptionPoint,
): Promise<void> {
  count(tally.interruptionsByPoint, point)
  const stillGood = index % 2 === 1
  await testbed.advance(stillGood ? dueAgeSeconds : lifetimeSeconds)
  const { victim, answers, held } = await bringTo(testbed, point, testbed.workers, options.callers)
  if (point === 'instant') await pause(options.random.integer(25))
  const suspendedAt = performance.now()
  victim.suspend()
  // Its next step, and the server's response, are ready when it resumes.
  for (const worker of testbed.workers) worker.goOn()
  held.release()
  const others = testbed.workers.filter((worker) => worker !== victim)
  const results: (Answer | undefined)[] = []
  // While the token is valid, no caller waits for the suspended process.
  if (stillGood) results.push(...(await testbed.all('tokens', options.callers, others)))
  await pause(options.random.integer(50, options.longestStopMilliseconds ?? 400))
  victim.resume()
  const stoppedMilliseconds = performance.now() - suspendedAt
  results.push(...(await answers))
  await testbed.all('idle', 0)
  results.push(...(await testbed.all('tokens', options.callers)))
  countErrors(tally, results)
  const forced = results.some((answer) => answer?.errors['SIGN_IN_REQUIRED'] !== undefined)
  if (!forced && testbed.as.isGrantAlive()) return
  tally.forcedSignIns.push(`stop ${index} (${point}), ${Math.round(stoppedMilliseconds)} ms`)
  await testbed.signIn()
  await testbed.all('tokens', 1)
}

/** Work in progress, and the process that stopped at the requested point. */
interface Brought {
  readonly victim: Worker
  readonly answers: Promise<(Answer | undefined)[]>
  /** Lets the server continue with a held request. */
  readonly held: { release(): void }
}

async function bringTo(
  testbed: Testbed,
  point: InterruptionPoint,
  asking: readonly Worker[],
  callers: number,
): Promise<Brought> {
  const holdBack = Promise.withResolvers<void>()
  const inServer = point === 'sent' || point === 'committed'
  if (inServer) {
    testbed.as.faults.token.push({
      kind: 'hang',
      afterCommit: point === 'committed',
      until: holdBack.promise,
    })
  }
  const requestsBefore = testbed.as.requests.length
  const standing = Promise.any(
    asking.map(async (worker) => {
      await worker.stopAt(stepFor(point))
      return worker
    }),
  )
  const answers = testbed.all('tokens', callers, asking)
  const victim = await within(30_000, standing, `No process reached the step ${point}.`)
  for (const worker of asking) if (worker !== victim) worker.goOn()
  if (point === 'instant') victim.goOn()
  if (inServer) {
    victim.goOn()
    await until(() => {
      const request = testbed.as.requests
        .slice(requestsBefore)
        .find(({ fault }) => fault === 'hang')
      return request !== undefined && (point === 'sent' || request.outcome !== 'not-reached')
    })
  }
  return { victim, answers, held: { release: holdBack.resolve } }
}

function stepFor(point: InterruptionPoint): RefreshStep {
  if (point === 'instant') return 'locked'
  return point === 'sent' || point === 'committed' ? 'journaled' : point
}

/** Reads every record after an interruption and compares the result with the state before. */
async function account(testbed: Testbed, tally: Tally, before: Inspection): Promise<Inspection> {
  const after = await testbed.inspect()
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

/** Every point equally often, in random order. */
function shuffled(length: number, random: Random): InterruptionPoint[] {
  const deck = Array.from({ length }, (_, index) => points[index % points.length] ?? 'instant')
  for (let index = deck.length - 1; index > 0; index -= 1) {
    const other = random.integer(index + 1)
    const [a, b] = [deck[index], deck[other]]
    if (a !== undefined && b !== undefined) [deck[index], deck[other]] = [b, a]
  }
  return deck
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}
