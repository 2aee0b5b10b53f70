import { defaultDatabasePath } from '../names.ts'
import { openPostgresStore } from './postgres/postgres-store.ts'
import { openSqliteStore } from './sqlite/sqlite-store.ts'
import type { Store } from './store.ts'

/** Whether a location is a Postgres connection string. */
function isPostgresUrl(location: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(location)
}

/**
 * Opens the database that `--db` names: `postgres://…`, a SQLite file, or `:memory:`.
 *
 * @throws {@link ReferenceServerError} `STORE_UNAVAILABLE`
 */
export async function openStore(location: string): Promise<Store> {
  return isPostgresUrl(location) ? await openPostgresStore(location) : openSqliteStore(location)
}

/** The database for summaries and messages, without its password and without options. */
export function describeDatabase(location: string): string {
  if (location === ':memory:') return 'in memory'
  if (location === defaultDatabasePath) return `${location}, in the working directory`
  if (!isPostgresUrl(location)) return location
  const url = URL.parse(location)
  if (url === null) return 'postgres://…'
  const user = url.username === '' ? '' : `${url.username}@`
  return `postgres://${user}${url.host}${url.pathname}`
}
