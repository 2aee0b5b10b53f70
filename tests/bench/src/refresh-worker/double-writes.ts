import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'pg'
import type { BenchTable } from './bench-table.ts'

const connections = 20

/**
 * How often per second the database commits the two writes that one refresh needs, the journal and
 * the new tokens, as single statements on 20 connections. This is what the hardware and PostgreSQL
 * allow without combining statements.
 */
export async function doubleWritesPerSecond(bench: BenchTable, seconds: number): Promise<number> {
  const copy = `${bench.table}_copy`
  await bench.admin.query(
    `CREATE TABLE ${copy} AS SELECT id, generation, sealed, written_at FROM ${bench.table}
     WHERE kind = 'grant' LIMIT 20000`,
  )
  await bench.admin.query(`ALTER TABLE ${copy} ADD PRIMARY KEY (id)`)
  const { rows } = await bench.admin.query<{ id: string; sealed: string }>(
    `SELECT id, sealed FROM ${copy}`,
  )
  const pool = new Pool({ connectionString: bench.databaseUrl, max: connections })
  let next = 0
  let done = 0
  const stop = new AbortController()

  async function writeTwice(): Promise<void> {
    while (!stop.signal.aborted) {
      const row = rows[next++ % rows.length]
      if (row === undefined) throw new Error('The table has no grants.')
      for (let write = 0; write < 2; write += 1) {
        await pool.query(
          `UPDATE ${copy} SET generation = generation + 1, sealed = $2,
             written_at = clock_timestamp() WHERE id = $1`,
          [row.id, row.sealed],
        )
      }
      done += 1
    }
  }

  const writers = Array.from({ length: connections }, writeTwice)
  await pause(1000)
  const [before, startedAt] = [done, performance.now()]
  await pause(seconds * 1000)
  const perSecond = ((done - before) / (performance.now() - startedAt)) * 1000
  stop.abort()
  await Promise.all(writers)
  await pool.end()
  await bench.admin.query(`DROP TABLE ${copy}`)
  return perSecond
}
