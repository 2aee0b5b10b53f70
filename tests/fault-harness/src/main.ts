/**
 * Runs every scenario in full over all stores, or those named as arguments, and prints one table of
 * limits and results for each store. Exits with 1 if a result is outside its limit or a named store
 * is not available.
 */
import process from 'node:process'
import { fullCounts as counts } from './counts.ts'
import { canSuspend, cannotSuspend } from './platform.ts'
import {
  clockJumps,
  expiryUnseen,
  skewedClocks,
  sleepDuringRefresh,
  sleepPastExpiry,
} from './scenarios/clocks.ts'
import { meetCutAtSave, meetDatabaseFaults } from './scenarios/database-faults.ts'
import { meetDiskFaults, meetDiskFullAtSave, meetFileSizeLimit } from './scenarios/disk-faults.ts'
import type { FaultReport } from './scenarios/meet-fault.ts'
import { countManyExpiries, countOneExpiry } from './scenarios/one-refresh.ts'
import { meetServerFaults } from './scenarios/server-faults.ts'
import type { InterruptionReport } from './scenarios/process-kills.ts'
import { interruptProcesses } from './scenarios/process-kills.ts'
import { harnessSeed, randomIntegers } from './random.ts'
import { killNotifyingWorkers } from './refresh-workers/notices.ts'
import { changeDatabase } from './refresh-workers/database-changes.ts'
import type { WorkerInterruptionOptions } from './refresh-workers/interruptions.ts'
import { interruptWorkers } from './refresh-workers/interruptions.ts'
import { startPostgresCluster, whyNoCluster } from './refresh-workers/postgres-cluster.ts'
import type { StoreKind } from './stores/store-kind.ts'
import {
  leaseMilliseconds,
  pgbouncerUrl,
  serverUrl,
  storeKinds,
  whyNotRun,
} from './stores/store-kind.ts'

interface Row {
  readonly what: string
  readonly must: string
  readonly seen: string
  readonly passed: boolean
}

const titles: Readonly<Record<StoreKind, string>> = {
  file: 'One encrypted file store',
  postgres: 'PostgreSQL',
  redis: 'Redis',
}
const stops = canSuspend ? counts.stops : 0
const asked = process.argv.slice(2)
const failed: string[] = []

const unknown = asked.filter((name) => !storeKinds.some((kind) => kind === name))
if (unknown.length > 0) {
  process.stderr.write(
    `Unknown store: ${unknown.join(', ')}. The stores are ${storeKinds.join(', ')}.\n`,
  )
  process.exit(2)
}
for (const store of storeKinds) {
  if (asked.length === 0 || asked.includes(store)) await runOver(store)
}
say(`\nSeed: ${harnessSeed}. Set EVERGRANT_HARNESS_SEED to repeat the schedule.`)
if (!canSuspend) say(`\n${cannotSuspend}`)
if (failed.length > 0) say(`\nFailed: ${failed.join('; ')}`)
// All output is written. Node.js has been seen to spin while it closes the handles of thousands of
// killed processes, so exit explicitly.
process.exit(failed.length > 0 ? 1 : 0)

async function runOver(store: StoreKind): Promise<void> {
  say(`\n### ${titles[store]}\n`)
  const reason = whyNotRun(store)
  if (reason !== undefined) {
    say(`NOT RUN: ${reason}`)
    if (asked.includes(store)) failed.push(`${store} is not available`)
    return
  }
  const startedAt = performance.now()
  say('| what | must be | seen | |\n| --- | --- | --- | --- |')
  await oneExpiry(store)
  await manyExpiries(store)
  await interruptions(store)
  await transientFaults(store)
  await clocks(store)
  if (store === 'postgres') await refreshWorkers()
  say(`\n${((performance.now() - startedAt) / 1000).toFixed(0)} s.`)
}

async function oneExpiry(store: StoreKind): Promise<void> {
  for (const processes of counts.processes) {
    const seen = await countOneExpiry(store, processes, counts.callers)
    const requests = [...new Set(seen.map(({ refreshRequests }) => refreshRequests))]
    const lost = sum(seen.map(({ lostCalls }) => lostCalls))
    row({
      what: `refresh POSTs for one expiry, ${counts.callers.join(', ')} callers × ${processes} process${processes === 1 ? '' : 'es'}`,
      must: 'exactly 1',
      seen: `${requests.join(' or ')}, ${lost} lost calls`,
      passed: requests.join() === '1' && lost === 0 && seen.every(({ grantAlive }) => grantAlive),
    })
  }
}

async function manyExpiries(store: StoreKind): Promise<void> {
  const seen = await countManyExpiries(store, counts.expiries, 8, 8)
  row({
    what: `grants dead in ${counts.expiries} expiries, rotation with family revocation, 8 processes × 8 callers`,
    must: '0',
    seen: `${seen.deadGrants}, by ${seen.refreshRequests} refresh POSTs, ${seen.lostCalls} lost calls`,
    passed:
      seen.deadGrants === 0 && seen.refreshRequests === counts.expiries && seen.lostCalls === 0,
  })
}

async function interruptions(store: StoreKind): Promise<void> {
  const options = {
    store,
    kills: counts.kills,
    stops,
    processes: 8,
    callers: 4,
    random: randomIntegers(harnessSeed),
  }
  const forgiving = await interruptProcesses({
    ...options,
    graceSeconds: 60,
    // A Redis lease can expire during a long suspension. With grace, this run includes that case.
    longestStopMilliseconds: store === 'redis' ? 2 * leaseMilliseconds : 400,
  })
  row({
    what: `sign-ins forced by ${options.kills} SIGKILLs and ${stops} SIGSTOPs${store === 'redis' ? ', some longer than the lease' : ''}, successor grace`,
    must: '0',
    seen: `${forgiving.forcedSignIns.length}; other processes: ${errors(forgiving.errorsOfOthers)}`,
    passed:
      forgiving.forcedSignIns.length === 0 && Object.keys(forgiving.errorsOfOthers).length === 0,
  })
  const strict = await interruptProcesses({ ...options, graceSeconds: 0 })
  const lossy = new Set(strict.lossyKills)
  const unexplained = strict.forcedSignIns.filter((interruption) => !lossy.has(interruption))
  row({
    what: `the same${store === 'redis' ? ', none longer than the lease' : ''}, no grace`,
    must: 'only those killed between commit and save',
    seen: `${strict.forcedSignIns.length}; killed between commit and save: ${strict.lossyKills.length}; others: ${errors(strict.errorsOfOthers)}${unexplained.length === 0 ? '' : `; unexplained: ${unexplained.join(', ')}`}`,
    passed:
      strict.forcedSignIns.join() === strict.lossyKills.join() &&
      Object.keys(strict.errorsOfOthers).length === 0,
  })
  records(store, [forgiving, strict])
}

function records(store: StoreKind, reports: readonly InterruptionReport[]): void {
  const lost = sum(reports.map(({ recordsLost }) => recordsLost))
  const torn = sum(reports.map(({ recordsTorn }) => recordsTorn))
  const aside = sum(reports.map(({ setAside }) => setAside))
  const found = sum(reports.map(({ leftovers }) => leftovers.before))
  const left = sum(reports.map(({ leftovers }) => leftovers.after))
  row({
    what: 'records lost or torn, checked after each of these interruptions',
    must: '0',
    seen: `${lost} lost, ${torn} torn, ${aside} set aside${store === 'file' ? `; ${found} half-written files, ${left} after a sweep` : ''}`,
    passed: lost + torn + aside + left === 0,
  })
}

async function transientFaults(store: StoreKind): Promise<void> {
  const reports = [
    ...(await meetServerFaults(store)),
    ...(store === 'file' ? await diskFaults() : await databaseFaults(store)),
  ]
  const signIns = sum(reports.map((report) => report.signIns))
  const unharmed = reports.filter(({ grantAlive, recovered }) => grantAlive && recovered).length
  row({
    what: `sign-ins caused by ${reports.length} transient faults of server and ${store === 'file' ? 'disk' : 'database'}, 4 processes × 4 callers`,
    must: '0',
    seen: `${signIns}; ${unharmed} of ${reports.length} without harm; at most ${Math.max(...reports.map(({ requests }) => requests))} POSTs each`,
    passed: signIns === 0 && unharmed === reports.length,
  })
}

async function diskFaults(): Promise<readonly FaultReport[]> {
  return [
    ...(await meetDiskFaults()),
    await meetDiskFullAtSave(),
    ...(canSuspend ? [await meetFileSizeLimit()] : []),
  ]
}

async function databaseFaults(store: Exclude<StoreKind, 'file'>): Promise<readonly FaultReport[]> {
  const { atStart, atSave } = await meetDatabaseFaults(store)
  return [...atStart, atSave, await meetCutAtSave(store)]
}

async function clocks(store: StoreKind): Promise<void> {
  const { forward, back } = await clockJumps(store)
  // A database computes the age of a record with its own clock, not with the machine's.
  const byOwnClock = store === 'file' ? 1 : 0
  const scenarios = [
    { what: 'the clock jumps an hour ahead', seen: forward, refreshes: byOwnClock },
    { what: 'the clock jumps an hour back', seen: back, refreshes: byOwnClock },
    {
      what: 'a clock set back hides the expiry',
      seen: await expiryUnseen(store),
      refreshes: 1,
      mayReject: true,
    },
    ...(canSuspend
      ? [
          {
            what: 'a laptop sleeps past the expiry',
            seen: await sleepPastExpiry(store),
            refreshes: 1,
          },
          {
            what: 'a laptop falls asleep during a refresh, no grace',
            seen: await sleepDuringRefresh(store),
            refreshes: 1,
          },
        ]
      : []),
  ]
  for (const { what, seen, refreshes, mayReject } of scenarios) {
    row({
      what,
      must: `${refreshes} refresh, 0 sign-ins, ${mayReject === true ? 'one 401 for each request' : 'no 401'}`,
      seen: `${seen.refreshRequests} refresh, ${seen.signIns} sign-ins, ${seen.rejections} 401s, ${seen.succeeded} of ${seen.requests} requests served`,
      passed:
        seen.refreshRequests === refreshes &&
        seen.signIns === 0 &&
        seen.rejections <= (mayReject === true ? seen.requests : 0) &&
        seen.succeeded === seen.requests,
    })
  }
  const skewed = await skewedClocks(store, counts.skewedExpiries)
  row({
    what: `refreshes that came before a 401, clocks within 2 minutes, ${counts.skewedExpiries} lifetimes`,
    must: 'all',
    seen: `all ${skewed.refreshRequests}; ${skewed.rejections} 401s in ${skewed.requests} requests`,
    passed: skewed.rejections === 0 && skewed.succeeded === skewed.requests,
  })
}

async function refreshWorkers(): Promise<void> {
  const adminUrl = serverUrl('postgres').href
  await interruptedWorkers('4 refresh workers', { url: adminUrl, adminUrl })
  await notices(adminUrl)
  if (pgbouncerUrl === undefined) say('NOT RUN: PgBouncer is not available')
  else await interruptedWorkers('4 refresh workers, PgBouncer', { url: pgbouncerUrl, adminUrl })
  const reason = whyNoCluster()
  if (reason !== undefined) {
    say(`NOT RUN: ${reason}`)
    return
  }
  for (const pooled of [false, true]) await changedDatabases(pooled)
}

async function notices(url: string): Promise<void> {
  const reports = await killNotifyingWorkers({ url })
  const slowest = Math.max(...reports.map(({ seconds }) => seconds))
  const lost = reports.filter(({ deliveries, events }) => deliveries < 1 || events !== 1)
  row({
    what: `notices that a grant needs the user, the worker killed at ${reports.length} steps`,
    must: 'each delivered, within 5 s of the next start',
    seen: `${lost.length} lost; at most ${slowest.toFixed(1)} s; ${sum(reports.map(({ deliveries }) => deliveries))} deliveries of ${reports.length} events`,
    passed: lost.length === 0 && slowest <= 5,
  })
}

async function interruptedWorkers(
  where: string,
  urls: Pick<WorkerInterruptionOptions, 'url' | 'adminUrl'>,
): Promise<void> {
  for (const graceSeconds of [60, 0]) {
    const random = randomIntegers(harnessSeed)
    const kills = counts.workerKills
    const workerStops = canSuspend ? counts.workerStops : 0
    const seen = await interruptWorkers({
      ...urls,
      kills,
      stops: workerStops,
      graceSeconds,
      random,
    })
    const allowed = graceSeconds > 0 ? [] : seen.lossyKills
    row({
      what: `${where}: sign-ins forced by ${kills} SIGKILLs and ${workerStops} SIGSTOPs, ${graceSeconds > 0 ? 'successor grace' : 'no grace'}`,
      must: graceSeconds > 0 ? '0' : 'only those killed between commit and save',
      seen: `${seen.forcedSignIns.length}; killed between commit and save: ${seen.lossyKills.length}`,
      passed: seen.forcedSignIns.join() === allowed.join() && seen.setAside === 0,
    })
  }
}

async function changedDatabases(pooled: boolean): Promise<void> {
  await using cluster = await startPostgresCluster()
  if (pooled && cluster.pooledUrl === undefined) return
  for (const change of ['restart', 'failOver'] as const) {
    const seen = await changeDatabase(cluster, change, pooled)
    row({
      what: `${seen.users} grants, the database ${change === 'restart' ? 'restarts' : 'fails over to a promoted replica'} during ${seen.requestsUnderWay} requests, no grace${pooled ? ', PgBouncer' : ''}`,
      must: `0 sign-ins, ${seen.users} POSTs`,
      seen: `${seen.forcedSignIns} sign-ins, ${seen.refreshRequests} POSTs`,
      passed:
        seen.forcedSignIns === 0 && seen.refreshRequests === seen.users && seen.setAside === 0,
    })
  }
}

function row({ what, must, seen, passed }: Row): void {
  say(`| ${what} | ${must} | ${seen} | ${passed ? 'passed' : 'FAILED'} |`)
  if (!passed) failed.push(what)
}

function errors(counted: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counted).map(([code, times]) => `${times} × ${code}`)
  return entries.length === 0 ? 'no error' : entries.join(', ')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
