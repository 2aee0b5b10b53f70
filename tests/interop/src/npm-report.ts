import { defaultRefreshIssuancePolicy } from '@evergrant/authorization-server'
import type { Forgiveness } from './clients/testbed.ts'
import { declaredGrantsTrials, tryDeclaredGrants } from './declared-grants.ts'
import type { Judge } from './judge.ts'
import { markdownTable } from './table.ts'
import type { TheirClientResult } from './their-clients.ts'
import { callers, expiries, theirClients, tryClient } from './their-clients.ts'
import { expectedOfServers, rounds, serverColumns, serverRow, tryServer } from './server-trial.ts'
import { theirServers } from './their-servers.ts'
import { installedVersion } from './versions.ts'

/** Tests the peers from the npm registry, which are installed with this package. */
export async function npmTables(judge: Judge): Promise<readonly string[]> {
  return [
    await ourClientAtTheirServers(judge),
    await declaredGrantsAtOurServer(judge),
    await theirClientsAtOurServer(
      judge,
      'default',
      `Their clients at our server: ${callers} concurrent calls at each of ${expiries} expiries, each call refreshes on its own`,
    ),
    await theirClientsAtOurServer(
      judge,
      'none',
      'For comparison: the same at a server without grace and overlap (`--grace 0 --overlap 0`)',
    ),
  ]
}

async function ourClientAtTheirServers({ attempt, expectFields }: Judge): Promise<string> {
  const rows: string[][] = []
  for (const [name, start] of Object.entries(theirServers)) {
    const result = await attempt(name, () => tryServer(start))
    if (result === undefined) continue
    expectFields(name, result, expectedOfServers)
    rows.push([`${name} ${await installedVersion(name)}`, ...serverRow(result)])
  }
  return markdownTable(
    `Our client at their servers: ${callers} concurrent calls at each of ${rounds} rejected access tokens`,
    serverColumns,
    rows,
  )
}

async function theirClientsAtOurServer(
  { attempt, expectFields }: Judge,
  forgiveness: Forgiveness,
  title: string,
): Promise<string> {
  // Without grace and overlap, the result depends on the client.
  const expected: Partial<TheirClientResult> =
    forgiveness === 'none' ? {} : { signIns: 1, failedCalls: 0, reuseDetected: 0 }
  // Concurrently, because most of the time is spent waiting for tokens to expire.
  const trials = Object.entries(theirClients).map(async ([name, client]) => ({
    name,
    preset: client.preset,
    result: await attempt(name, () => tryClient(client, forgiveness)),
  }))
  const rows: (readonly (string | number)[])[] = []
  for (const { name, preset, result } of await Promise.all(trials)) {
    if (result === undefined) continue
    expectFields(name, result, expected)
    const { signIns, failedCalls, rotated, replayed, kept, reuseDetected } = result
    rows.push([
      `${name} ${await installedVersion(name)}`,
      `\`${preset}\``,
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
    [
      'client',
      'preset',
      'sign-ins',
      'failed calls',
      'rotated',
      'replayed',
      'kept',
      'reuse detected',
    ],
    rows,
  )
}

async function declaredGrantsAtOurServer({ attempt, expectFields }: Judge): Promise<string> {
  const rows: string[][] = []
  for (const trial of declaredGrantsTrials) {
    const { client, preset, declaresGrant, requestsOfflineAccess } = trial
    const name = `${client} at ${preset}`
    const refreshToken = await attempt(name, () => tryDeclaredGrants(trial))
    if (refreshToken === undefined) continue
    expectFields(name, { refreshToken }, { refreshToken: trial.refreshToken })
    const version = await installedVersion(client)
    const signals = [declaresGrant, requestsOfflineAccess]
    rows.push([`\`${preset}\``, `${client} ${version}`, ...signals, refreshToken])
  }
  return markdownTable(
    `Who gets a refresh token at our server (the default preset is ${defaultRefreshIssuancePolicy})`,
    ['preset', 'client', 'declares the grant', 'requests `offline_access`', 'refresh token'],
    rows,
  )
}
