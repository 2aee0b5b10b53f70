/**
 * `pnpm interop`: the client at authorization servers that nobody here wrote, and other people's
 * clients at the reference authorization server, over loopback, with tables of what came of it.
 * The exit code is 0 when all went as promised.
 */
import process from 'node:process'
import type { Forgiveness } from './clients/testbed.ts'
import { markdownTable } from './table.ts'
import type { TheirClientResult } from './their-clients.ts'
import { callers, expiries, theirClients, tryClient } from './their-clients.ts'
import type { TheirServerResult } from './their-servers.ts'
import { rounds, theirServers, tryServer } from './their-servers.ts'
import { installedVersion } from './versions.ts'

/** Somebody else's program that hangs must not hang this one. */
const limitMilliseconds = 180_000
const limit = setTimeout(() => {
  process.stdout.write(
    `Not finished after ${limitMilliseconds / 1000} s: one of the programs tried here hangs.\n`,
  )
  process.exit(1)
}, limitMilliseconds)

const broken: string[] = []
const tables = [
  await ourClientAtTheirServers(),
  await theirClientsAtOurServer(
    'as-it-comes',
    `Their clients at our server: ${callers} calls meet each of ${expiries} expiries, each of them refreshes by itself`,
  ),
  await theirClientsAtOurServer(
    'none',
    'For comparison: the same at a server that forgives nothing (`--grace 0 --overlap 0`)',
  ),
]
clearTimeout(limit)
// At the end: some of the programs tried here write to the same output.
process.stdout.write(tables.join(''))
process.stdout.write(`\n${broken.map((line) => `✗ ${line}\n`).join('')}`)
process.stdout.write(
  broken.length === 0 ? 'All as promised.\n' : `${broken.length} not as promised.\n`,
)
process.exitCode = broken.length === 0 ? 0 : 1

async function ourClientAtTheirServers(): Promise<string> {
  const promised: Partial<TheirServerResult> = {
    refreshToken: 'issued',
    refreshes: rounds,
    signIns: 1,
    failedCalls: 0,
  }
  const rows: (readonly (string | number)[])[] = []
  for (const [name, start] of Object.entries(theirServers)) {
    const result = await attempt(name, () => tryServer(start))
    if (result === undefined) continue
    expectFields(name, result, promised)
    const { offlineAccess, refreshToken, refreshes, rotated, signIns, failedCalls } = result
    rows.push([
      `${name} ${await installedVersion(name)}`,
      offlineAccess,
      refreshToken,
      refreshes,
      rotated,
      signIns,
      failedCalls,
    ])
  }
  return markdownTable(
    `Our client at their servers: ${callers} calls meet each of ${rounds} rejected access tokens`,
    [
      'authorization server',
      '`offline_access`',
      'refresh token',
      'refreshes',
      'rotated',
      'sign-ins',
      'failed calls',
    ],
    rows,
  )
}

async function theirClientsAtOurServer(forgiveness: Forgiveness, title: string): Promise<string> {
  // How a client fails where nothing is forgiven is for it to answer for.
  const promised: Partial<TheirClientResult> =
    forgiveness === 'none' ? {} : { signIns: 1, failedCalls: 0, reuseDetected: 0 }
  // Side by side, since most of the time is spent waiting for tokens to expire.
  const trials = Object.entries(theirClients).map(async ([name, connect]) => ({
    name,
    result: await attempt(name, () => tryClient(connect, forgiveness)),
  }))
  const rows: (readonly (string | number)[])[] = []
  for (const { name, result } of await Promise.all(trials)) {
    if (result === undefined) continue
    expectFields(name, result, promised)
    const { signIns, failedCalls, rotated, replayed, kept, reuseDetected } = result
    rows.push([
      `${name} ${await installedVersion(name)}`,
      signIns,
      `${failedCalls} of ${expiries * callers}`,
      rotated,
      replayed,
      kept,
      reuseDetected,
    ])
  }
  return markdownTable(
    title,
    ['client', 'sign-ins', 'failed calls', 'rotated', 'replayed', 'kept', 'reuse detected'],
    rows,
  )
}

async function attempt<Result>(
  name: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    broken.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : 'failed'}`)
    return undefined
  }
}

function expectFields<Result extends object>(
  name: string,
  result: Result,
  promised: Partial<Result>,
): void {
  for (const [field, expected] of Object.entries(promised)) {
    const got: unknown = Reflect.get(result, field)
    if (got !== expected) {
      broken.push(`${name}: ${field} is ${String(got)}, ${String(expected)} was promised`)
    }
  }
}
