/**
 * Runs every scenario in full and prints what must be reached beside what was seen. Ends with 1
 * where a promise was broken.
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
import { countManyExpiries, countOneExpiry } from './scenarios/one-refresh.ts'
import type { StrikesReport } from './scenarios/strikes.ts'
import { strike } from './scenarios/strikes.ts'
import {
  meetDiskFaults,
  meetDiskFullAtSave,
  meetFileSizeLimit,
  meetServerFaults,
} from './scenarios/transient-faults.ts'

interface Row {
  readonly what: string
  readonly must: string
  readonly seen: string
  readonly kept: boolean
}

const stops = canSuspend ? counts.stops : 0
const broken: string[] = []
const startedAt = performance.now()

say('| what | must be | seen | |\n| --- | --- | --- | --- |')
await oneExpiry()
await manyExpiries()
await strikes()
await transientFaults()
await clocks()
if (!canSuspend) say(`\n${cannotSuspend}`)
say(`\n${((performance.now() - startedAt) / 1000).toFixed(0)} s in all.`)
if (broken.length > 0) {
  say(`Broken: ${broken.join('; ')}`)
  process.exitCode = 1
}

async function oneExpiry(): Promise<void> {
  for (const processes of counts.processes) {
    const seen = await countOneExpiry(processes, counts.callers)
    const requests = [...new Set(seen.map(({ refreshRequests }) => refreshRequests))]
    const lost = sum(seen.map(({ lostCalls }) => lostCalls))
    row({
      what: `refresh POSTs for one expiry, ${counts.callers.join(', ')} callers × ${processes} process${processes === 1 ? '' : 'es'}`,
      must: 'exactly 1',
      seen: `${requests.join(' or ')}, ${lost} lost calls`,
      kept: requests.join() === '1' && lost === 0 && seen.every(({ grantAlive }) => grantAlive),
    })
  }
}

async function manyExpiries(): Promise<void> {
  const seen = await countManyExpiries(counts.expiries, 8, 8)
  row({
    what: `grants dead in ${counts.expiries} expiries, rotation with family revocation, 8 processes × 8 callers`,
    must: '0',
    seen: `${seen.deadGrants}, by ${seen.refreshRequests} refresh POSTs, ${seen.lostCalls} lost calls`,
    kept: seen.deadGrants === 0 && seen.refreshRequests === counts.expiries && seen.lostCalls === 0,
  })
}

async function strikes(): Promise<void> {
  const options = { kills: counts.kills, stops, processes: 8, callers: 4 }
  const forgiving = await strike({ ...options, graceSeconds: 60 })
  row({
    what: `sign-ins forced by ${options.kills} SIGKILLs and ${stops} SIGSTOPs, successor grace`,
    must: '0',
    seen: `${forgiving.forcedSignIns.length}; other processes: ${errors(forgiving.errorsOfOthers)}`,
    kept:
      forgiving.forcedSignIns.length === 0 && Object.keys(forgiving.errorsOfOthers).length === 0,
  })
  const strict = await strike({ ...options, graceSeconds: 0 })
  row({
    what: 'the same, no grace',
    must: 'those killed between commit and save, no others',
    seen: `${strict.forcedSignIns.length}; killed between commit and save: ${strict.lossyKills.length}; others: ${errors(strict.errorsOfOthers)}`,
    kept:
      strict.forcedSignIns.join() === strict.lossyKills.map((index) => `kill ${index}`).join() &&
      Object.keys(strict.errorsOfOthers).length === 0,
  })
  records([forgiving, strict])
}

function records(reports: readonly StrikesReport[]): void {
  const lost = sum(reports.map(({ recordsLost }) => recordsLost))
  const torn = sum(reports.map(({ recordsTorn }) => recordsTorn))
  const aside = sum(reports.map(({ setAside }) => setAside))
  const found = sum(reports.map(({ leftovers }) => leftovers.before))
  const left = sum(reports.map(({ leftovers }) => leftovers.after))
  row({
    what: 'records lost or torn, read after each of these strikes',
    must: '0',
    seen: `${lost} lost, ${torn} torn, ${aside} set aside; ${found} half-written files, ${left} after a sweep`,
    kept: lost + torn + aside + left === 0,
  })
}

async function transientFaults(): Promise<void> {
  const reports = [
    ...(await meetServerFaults()),
    ...(await meetDiskFaults()),
    await meetDiskFullAtSave(),
    ...(canSuspend ? [await meetFileSizeLimit()] : []),
  ]
  const signIns = sum(reports.map((report) => report.signIns))
  const unharmed = reports.filter(({ grantAlive, recovered }) => grantAlive && recovered).length
  row({
    what: `sign-ins caused by ${reports.length} transient faults of server and disk, 4 processes × 4 callers`,
    must: '0',
    seen: `${signIns}; ${unharmed} of ${reports.length} over without a trace; at most ${Math.max(...reports.map(({ requests }) => requests))} POSTs each`,
    kept: signIns === 0 && unharmed === reports.length,
  })
}

async function clocks(): Promise<void> {
  const { forward, back } = await clockJumps()
  const scenarios = {
    'the clock jumps an hour ahead': forward,
    'the clock jumps an hour back': back,
    'a clock set back hides the expiry': await expiryUnseen(),
    ...(canSuspend
      ? {
          'a laptop sleeps past the expiry': await sleepPastExpiry(),
          'a laptop falls asleep during a refresh, no grace': await sleepDuringRefresh(),
        }
      : {}),
  }
  for (const [what, seen] of Object.entries(scenarios)) {
    const mayReject = what.includes('hides') ? seen.requests : 0
    row({
      what,
      must: `1 refresh, 0 sign-ins, ${mayReject === 0 ? 'no 401' : 'one 401 for each request'}`,
      seen: `${seen.refreshRequests} refresh, ${seen.signIns} sign-ins, ${seen.rejections} 401s, ${seen.succeeded} of ${seen.requests} requests served`,
      kept:
        seen.refreshRequests === 1 &&
        seen.signIns === 0 &&
        seen.rejections <= mayReject &&
        seen.succeeded === seen.requests,
    })
  }
  const skewed = await skewedClocks(counts.skewedExpiries)
  row({
    what: `refreshes that came before a 401, clocks within 2 minutes, ${counts.skewedExpiries} lifetimes`,
    must: 'all',
    seen: `all ${skewed.refreshRequests}; ${skewed.rejections} 401s in ${skewed.requests} requests`,
    kept: skewed.rejections === 0 && skewed.succeeded === skewed.requests,
  })
}

function row({ what, must, seen, kept }: Row): void {
  say(`| ${what} | ${must} | ${seen} | ${kept ? 'kept' : 'BROKEN'} |`)
  if (!kept) broken.push(what)
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
