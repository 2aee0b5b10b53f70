/**
 * `pnpm bench:reencryption [--quick]`: replaces the store key while refresh workers are at full load.
 * Exits with 1 if a grant is lost or late.
 */
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { benchTable } from '../refresh-worker/bench-table.ts'
import { expiringGrants } from '../refresh-worker/expiring-grants.ts'
import { startFleet } from '../refresh-worker/fleet.ts'
import { fleetSettings } from '../refresh-worker/throughput.ts'
import { round, say, table } from '../report.ts'
import { rotateKey } from './rotate-key.ts'
import { storedRecords } from './stored-records.ts'

const quick = process.argv.includes('--quick')
/** Each user has a grant and a binding. */
const users = quick ? 8000 : 100_000
const spanSeconds = quick ? 20 : 240
const recordsPerSecond = 800
const workers = 4
const firstExpiryInSeconds = 10

await using bench = await benchTable(process.env['EVERGRANT_TEST_POSTGRES_URL'] ?? '')
await using expiring = await expiringGrants(bench, { users, spanSeconds, firstExpiryInSeconds })
const { endpoint } = expiring
const seededBefore = Date.now() / 1000

const newestKey = randomBytes(32)
const keys = [newestKey.toString('base64'), bench.key]
await using fleet = await startFleet({ ...bench, key: keys.join(',') }, workers, fleetSettings)
await expiring.untilStart()
await fleet.start()
const startedAt = performance.now()
const rotating = rotateKey(
  { databaseUrl: bench.databaseUrl, table: bench.table, keys, recordsPerSecond },
  users / 4,
)
const giveUpAt = startedAt + (firstExpiryInSeconds + spanSeconds + 120) * 1000
for (let answered = 0; answered < users && performance.now() < giveUpAt;) {
  await pause(500)
  answered = (await endpoint.report()).answered
}
const refreshSeconds = (performance.now() - startedAt) / 1000
const rotation = await rotating
const reports = await fleet.stop()
const refreshed = reports.reduce((sum, { stats }) => sum + stats.refreshed, 0)
const seen = await endpoint.report()
const stored = await storedRecords(bench, newestKey, seededBefore)
const reencrypted = rotation.beforeKill + rotation.result.reencrypted
table(
  `${round(users * 2)} records, of which ${round(users)} grants expire within ${spanSeconds} s; the store key is replaced while ${workers} workers refresh them`,
  ['', ''],
  [
    ['records re-encrypted', round(reencrypted)],
    ['of these, before the re-encryption was killed and started again', round(rotation.beforeKill)],
    ['records that a refresh encrypted with the new key first', round(users * 2 - reencrypted)],
    ['re-encrypted per second', round(reencrypted / rotation.seconds)],
    ['refreshes per second at the same time', round(refreshed / refreshSeconds)],
    ['refreshed', round(refreshed)],
    ['late', String(seen.late)],
    ['refreshed twice', String(seen.repeated)],
    ['lost', String(stored.lost + users - stored.grants)],
    ['records that the new key alone does not open', String(stored.otherKey)],
    ['bindings whose generation or age changed', String(stored.changedBindings)],
  ],
)
for (const failure of reports.flatMap(({ failures }) => failures)) say(`Failure: ${failure}`)
const isGood =
  rotation.result.complete &&
  refreshed === users &&
  stored.grants === users &&
  seen.late + seen.repeated + seen.unknown === 0 &&
  stored.lost + stored.otherKey + stored.changedBindings === 0
if (!isGood) process.exitCode = 1
