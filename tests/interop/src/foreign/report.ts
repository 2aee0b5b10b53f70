import process from 'node:process'
import type { Judge } from '../judge.ts'
import { expectedOfServers, rounds, serverColumns, serverRow, tryServer } from '../server-trial.ts'
import { markdownTable } from '../table.ts'
import { withLimit } from '../with-limit.ts'
import type { ForeignClientResult } from './client-trial.ts'
import { callers, tryForeignClient } from './client-trial.ts'
import type { ForeignClient } from './clients.ts'
import { foreignClients } from './clients.ts'
import { limitMilliseconds, slowLimitMilliseconds } from './commands.ts'
import { NotRunError } from './not-run.ts'
import { foreignServers } from './servers.ts'

/** The names of the peers in other languages. */
export const foreignPeers: readonly string[] = [
  ...Object.keys(foreignClients),
  ...Object.keys(foreignServers),
]

/** Which peers are tested, and what happens to those that cannot run. */
export interface ForeignOptions {
  /** Includes the slow ones. */
  readonly slow: boolean
  /** Whether it is a failure that one cannot run. */
  readonly require: boolean
  /** Only these, also if they are slow; empty for all. */
  readonly only: readonly string[]
}

/** What a peer did, or why it did not run. */
type Outcome<Result> = { readonly result: Result } | { readonly notRun: string }

/** Tests the peers in other languages. Their downloads and builds are in the cache afterwards. */
export async function foreignTables(
  judge: Judge,
  options: ForeignOptions,
): Promise<readonly string[]> {
  const clients = await clientsTable(judge, options)
  const servers = await serversTable(judge, options)
  return [clients, servers].filter((table) => table !== undefined)
}

const clientColumns = [
  'client',
  'declares the grant',
  'requests `offline_access`',
  'refresh token',
  'refreshes for one call',
  `for ${callers} calls`,
  'sign-ins',
  'step-up',
  'failed calls',
  'with strict rotation',
] as const

async function clientsTable(judge: Judge, options: ForeignOptions): Promise<string | undefined> {
  const expected: Partial<ForeignClientResult> = {
    declaresGrant: 'yes',
    requestsOfflineAccess: 'yes',
    refreshToken: 'issued',
    signIns: 1,
    stepUpSignIns: 1,
    laterSignIns: 0,
  }
  const trials: { readonly name: string; readonly trial: Promise<Outcome<Trials> | undefined> }[] =
    []
  for (const [name, client] of selected(foreignClients, options)) {
    // One build after the other. The trials mostly wait for expiries, so the next build goes on.
    const prepared = await preparationOf(name, judge, options, client)
    const trial =
      prepared === undefined || 'notRun' in prepared
        ? Promise.resolve(prepared)
        : outcomeOf(name, judge, options, () => bothTrials(client, prepared.result))
    trials.push({ name, trial })
  }
  if (trials.length === 0) return undefined
  const rows: string[][] = []
  for (const { name, trial } of trials) {
    const outcome = await trial
    const { title } = foreignClients[name] ?? { title: name }
    if (outcome === undefined) continue
    if ('notRun' in outcome) {
      rows.push(rowOfNotRun(title, outcome.notRun, clientColumns.length))
      continue
    }
    const { usual, strict } = outcome.result
    judge.expectFields(name, usual, expected)
    for (const failure of usual.failedCalls) judge.fail(`${name}: ${failure}`)
    rows.push([
      title,
      usual.declaresGrant,
      usual.requestsOfflineAccess,
      usual.refreshToken,
      `${usual.refreshesOfOneCall}`,
      `${usual.refreshesOfManyCalls}`,
      `${usual.signIns}`,
      `${usual.stepUpSignIns} sign-in, ${usual.refreshesAfterStepUp} refresh`,
      `${usual.failedCalls.length}`,
      `${strict.failedCalls.length} failed, ${strict.signIns - 1} sign-ins`,
    ])
  }
  return markdownTable(
    'Clients in other languages at one gateway that is authorization server and MCP server',
    clientColumns,
    rows,
  )
}

async function serversTable(judge: Judge, options: ForeignOptions): Promise<string | undefined> {
  const rows: string[][] = []
  for (const [name, peer] of selected(foreignServers, options)) {
    const { title } = peer
    const prepared = await preparationOf(name, judge, options, peer)
    const outcome =
      prepared === undefined || 'notRun' in prepared
        ? prepared
        : await outcomeOf(name, judge, options, () => tryServer(prepared.result), limitOf(peer))
    if (outcome === undefined) continue
    if ('notRun' in outcome) {
      rows.push(rowOfNotRun(title, outcome.notRun, serverColumns.length))
      continue
    }
    judge.expectFields(name, outcome.result, expectedOfServers)
    rows.push([title, ...serverRow(outcome.result)])
  }
  return rows.length === 0
    ? undefined
    : markdownTable(
        `Our client at servers in other languages: ${callers} concurrent calls at each of ${rounds} rejected access tokens`,
        serverColumns,
        rows,
      )
}

function rowOfNotRun(title: string, reason: string, columns: number): string[] {
  const line = reason.replaceAll('|', '/').replaceAll(/\s+/gu, ' ')
  return [title, `not run: ${line}`, ...Array.from({ length: columns - 2 }, () => '')]
}

/** The trials at a server with its default grace and overlap, and without. */
interface Trials {
  readonly usual: ForeignClientResult
  readonly strict: ForeignClientResult
}

async function bothTrials(
  { accessTokenLifetimeSeconds }: ForeignClient,
  command: readonly string[],
): Promise<Trials> {
  const [usual, strict] = await Promise.all([
    tryForeignClient(command, { accessTokenLifetimeSeconds }),
    tryForeignClient(command, { accessTokenLifetimeSeconds, forgiveness: 'none' }),
  ])
  return { usual, strict }
}

function selected<Peer extends { readonly isSlow: boolean }>(
  peers: Readonly<Record<string, Peer>>,
  { slow, only }: ForeignOptions,
): readonly (readonly [string, Peer])[] {
  return Object.entries(peers).filter(([name, { isSlow }]) =>
    only.length > 0 ? only.includes(name) : slow || !isSlow,
  )
}

/** Downloads and builds a peer, which takes longer for the slow ones. */
async function preparationOf<Result>(
  name: string,
  judge: Judge,
  options: ForeignOptions,
  peer: { readonly isSlow: boolean; readonly prepare: () => Promise<Result> },
): Promise<Outcome<Result> | undefined> {
  return await outcomeOf(name, judge, options, peer.prepare, limitOf(peer))
}

function limitOf({ isSlow }: { readonly isSlow: boolean }): number {
  return isSlow ? slowLimitMilliseconds : limitMilliseconds
}

/** Does the work within the limit of a peer. `undefined` is a failure that the judge knows. */
async function outcomeOf<Result>(
  name: string,
  judge: Judge,
  options: ForeignOptions,
  work: () => Promise<Result>,
  limit: number = limitMilliseconds,
): Promise<Outcome<Result> | undefined> {
  return await judge.attempt(name, async () => {
    try {
      return { result: await withLimit(limit, work()) }
    } catch (error) {
      if (!(error instanceof NotRunError)) throw error
      process.stderr.write(`NOT RUN: interop of ${name} (${error.message})\n`)
      if (options.require) judge.fail(`${name}: not run: ${error.message}`)
      return { notRun: error.message }
    }
  })
}
