import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from 'pg'

/** A database for one contestant. Disposing deletes it. */
export interface BenchDatabase extends AsyncDisposable {
  /** For `--db`. */
  readonly location: string
}

/** A SQLite file in a temporary directory. */
export function sqliteDatabase(): BenchDatabase {
  const folder = mkdtempSync(path.join(tmpdir(), 'evergrant-bench-'))
  return {
    location: path.join(folder, 'as.db'),
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A separate schema of the Postgres database at `url`. */
export async function postgresDatabase(url: string): Promise<BenchDatabase> {
  const schema = `evergrant_bench_${randomBytes(6).toString('hex')}`
  const location = new URL(url)
  location.searchParams.set('options', `-c search_path=${schema}`)
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`CREATE SCHEMA ${schema}`)
  return {
    location: location.href,
    async [Symbol.asyncDispose]() {
      await client.query(`DROP SCHEMA ${schema} CASCADE`)
      await client.end()
    },
  }
}
