/**
 * Holds the lock of a grant until its input ends. The tests kill and suspend it.
 *
 *     node --conditions=workspace:source lock-holder-process.ts <table> <key in hexadecimal> <grant>
 */
import process from 'node:process'
import { Pool } from 'pg'
import { postgresStore } from '../../src/stores/postgres.ts'

const [table, key = '', id = ''] = process.argv.slice(2)
const pool = new Pool({ connectionString: process.env['EVERGRANT_TEST_POSTGRES_URL'], max: 2 })
pool.on('error', () => undefined)
const store = postgresStore(pool, { key: Buffer.from(key, 'hex'), table })
const outcome = await store.lock({ kind: 'grant', id }, { waitMilliseconds: 20_000 })
process.stdout.write(`${outcome.outcome}\n`)
process.stdin.on('data', () => {
  process.stdout.write(
    `${outcome.outcome === 'acquired' && outcome.lock.isHeld() ? 'held' : 'lost'}\n`,
  )
})
process.stdin.on('end', () => void end())

async function end(): Promise<void> {
  await store.close()
  await pool.end()
}
