import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { reportNotRun } from '@evergrant/test-kit'
import { Client } from 'pg'
import { temporaryFolder } from './support.ts'

/** A separate database for one test, with access for the test. */
export interface TestDatabase {
  /** For `--db`. */
  readonly location: string
  liveRefreshTokens(): Promise<number>
  /** Executes a statement that is the same in every database. `{refresh_tokens}` is that table. */
  execute(sql: string): Promise<void>
  /** The first row of a query. */
  row(sql: string): Promise<Readonly<Record<string, unknown>>>
  /** Makes every change of a refresh token fail, as on a read-only volume, or succeed again. */
  refuseWrites(refuse: boolean): Promise<void>
  /** Breaks every connection except that of the test. SQLite has none. */
  cutOff(): Promise<void>
  /** Changes the schema version. */
  setLayoutVersion(version: number): Promise<void>
  /** All stored data, as text. */
  content(): Promise<string>
  [Symbol.asyncDispose](): Promise<void>
}

/** One kind of database to run tests on, if it is available. */
export interface DatabaseKind {
  readonly name: string
  readonly available: boolean
  open(): Promise<TestDatabase>
}

const postgresUrl = process.env['EVERGRANT_TEST_POSTGRES_URL']

/** Databases that two servers can share. */
export const databases: readonly DatabaseKind[] = [
  { name: 'SQLite', available: true, open: sqliteDatabase },
  { name: 'Postgres', available: postgresUrl !== undefined, open: postgresDatabase },
]

/** Reports a suite that does not run on Postgres because none is configured. */
export function noteWithoutPostgres(suite: string): void {
  if (postgresUrl !== undefined) return
  reportNotRun(`${suite} on Postgres`, 'PostgreSQL: EVERGRANT_TEST_POSTGRES_URL is not set')
}

async function sqliteDatabase(): Promise<TestDatabase> {
  const folder = temporaryFolder()
  const location = folder.file('as.db')
  const opened = <Result>(work: (database: DatabaseSync) => Result): Result => {
    const database = new DatabaseSync(location)
    try {
      return work(database)
    } finally {
      database.close()
    }
  }
  const named = (sql: string) => sql.replaceAll(/\{(\w+)\}/g, '$1')
  const execute = async (sql: string) => opened((database) => database.exec(named(sql)))
  const row = async (sql: string) => opened((database) => database.prepare(named(sql)).get() ?? {})
  return {
    location,
    execute,
    row,
    liveRefreshTokens: async () => await countLive(row),
    async refuseWrites(refuse) {
      await execute(
        refuse
          ? `CREATE TRIGGER refusing BEFORE UPDATE ON refresh_tokens
             BEGIN SELECT RAISE(ABORT, 'writes are refused'); END`
          : 'DROP TRIGGER refusing',
      )
    },
    async cutOff() {},
    setLayoutVersion: async (version) => await execute(`PRAGMA user_version = ${version}`),
    async content() {
      return readdirSync(path.dirname(location))
        .map((name) => readFileSync(folder.file(name), 'latin1'))
        .join('')
    },
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]()
    },
  }
}

async function postgresDatabase(): Promise<TestDatabase> {
  const schema = `evergrant_test_${randomBytes(6).toString('hex')}`
  const location = new URL(postgresUrl ?? '')
  location.searchParams.set('options', `-c search_path=${schema}`)
  location.searchParams.set('application_name', schema)
  const client = new Client({ connectionString: location.href })
  await client.connect()
  await client.query(`CREATE SCHEMA ${schema}`)
  const named = (sql: string) => sql.replaceAll(/\{(\w+)\}/g, 'evergrant_as_$1')
  const row = async (sql: string): Promise<Readonly<Record<string, unknown>>> =>
    (await client.query<Record<string, unknown>>(named(sql))).rows[0] ?? {}
  return {
    location: location.href,
    row,
    async execute(sql) {
      await client.query(named(sql))
    },
    liveRefreshTokens: async () => await countLive(row),
    async refuseWrites(refuse) {
      await client.query(
        refuse
          ? `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
               AS $$ BEGIN RAISE EXCEPTION 'writes are refused'; END $$;
             CREATE TRIGGER refusing BEFORE UPDATE ON evergrant_as_refresh_tokens
               FOR EACH ROW EXECUTE FUNCTION refuse()`
          : 'DROP TRIGGER refusing ON evergrant_as_refresh_tokens; DROP FUNCTION refuse',
      )
    },
    async cutOff() {
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = $1 AND pid <> pg_backend_pid()`,
        [schema],
      )
    },
    async setLayoutVersion(version) {
      await client.query('UPDATE evergrant_as_layout SET version = $1', [version])
    },
    async content() {
      const { rows: tables } = await client.query<{ name: string }>(
        'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1',
        [schema],
      )
      const parts: string[] = []
      for (const { name } of tables) {
        const { rows } = await client.query<{ line: string }>(
          `SELECT t::text AS line FROM ${name} t`,
        )
        parts.push(...rows.map(({ line }) => line))
      }
      return parts.join('\n')
    },
    async [Symbol.asyncDispose]() {
      await client.query(`DROP SCHEMA ${schema} CASCADE`)
      await client.end()
    },
  }
}

async function countLive(
  row: (sql: string) => Promise<Readonly<Record<string, unknown>>>,
): Promise<number> {
  const sql = 'SELECT count(*) AS live FROM {refresh_tokens} WHERE superseded_at IS NULL'
  return Number((await row(sql))['live'])
}
