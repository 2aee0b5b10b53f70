/**
 * Refresh grants per second, with rotating tokens: the reference server on SQLite and, if
 * EVERGRANT_TEST_POSTGRES_URL names one, on Postgres, oidc-provider in memory, and better-auth's OAuth
 * provider on SQLite in memory. Postgres is also measured with added latency, so that an instance waits
 * more than it works: there, a second instance shows what it adds on any number of cores. Keycloak is
 * measured if EVERGRANT_BENCH_KEYCLOAK names the folder of an unpacked Keycloak 26.
 *
 *     pnpm bench:authorization-server [--quick]
 *
 * Every server is a separate process, and this one makes the load. The servers take turns in short
 * rounds, so that other work on the machine affects all of them.
 */
import { createContestants } from './contestants.ts'
import type { Contestant } from './contestants.ts'
import { postgresDatabase, sqliteDatabase } from './databases.ts'
import { distantDatabase } from './distant-database.ts'
import { agent, load } from './load.ts'
import { report } from './report.ts'

const chainCount = 16
const distanceMilliseconds = 5
const isQuick = process.argv.includes('--quick')
const rounds = isQuick ? 1 : 5
const roundMilliseconds = isQuick ? 500 : 3000
const warmUpMilliseconds = isQuick ? 200 : 2000

await using opened = new AsyncDisposableStack()
opened.defer(() => agent.destroy())
// Declared after the databases, so that the servers stop before their databases are deleted.
await using start = createContestants({ chainCount, warmUpMilliseconds })
const contestants = [await start.bareProvider(), await start.betterAuth()]
const keycloakFolder = process.env['EVERGRANT_BENCH_KEYCLOAK']
if (keycloakFolder === undefined) {
  process.stderr.write('Keycloak: not measured, because EVERGRANT_BENCH_KEYCLOAK is not set.\n')
} else contestants.push(await start.keycloak(keycloakFolder))
const sqlite = opened.use(sqliteDatabase())
contestants.push(await start.referenceServer('SQLite', sqlite.location, 1))
const postgresUrl = process.env['EVERGRANT_TEST_POSTGRES_URL']
if (postgresUrl === undefined) {
  process.stderr.write('Postgres: not measured, because EVERGRANT_TEST_POSTGRES_URL is not set.\n')
} else {
  for (const instances of [1, 2]) contestants.push(...(await onPostgres(postgresUrl, instances)))
}
for (const contestant of contestants) await load(contestant, contestant.warmUpMilliseconds)
for (const contestant of contestants) contestant.latenciesMilliseconds.length = 0
for (const round of Array.from({ length: rounds }, (_, index) => index)) {
  // Another contestant goes first in each round.
  for (const index of contestants.keys()) {
    const contestant = contestants[(index + round) % contestants.length]
    if (contestant === undefined) continue
    contestant.rates.push(await load(contestant, roundMilliseconds))
  }
}
const title =
  `${chainCount} chains of rotating tokens, ${rounds} rounds of ${roundMilliseconds / 1000} s, ` +
  'median round'
process.stdout.write(report(contestants, title))

async function onPostgres(url: string, instances: number): Promise<readonly Contestant[]> {
  const suffix = instances === 1 ? '' : `, ${instances} instances`
  const near = opened.use(await postgresDatabase(url))
  const far = opened.use(await distantDatabase(near.location, distanceMilliseconds))
  const farName = `Postgres ${distanceMilliseconds} ms away${suffix}`
  return [
    await start.referenceServer(`Postgres${suffix}`, near.location, instances),
    await start.referenceServer(farName, far.location, instances),
  ]
}
