import { defaultDatabasePath } from '../settings/options.ts'
import { openPostgresStore } from './postgres.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

/** Says whether a database is named by a Postgres connection string. */
function isPostgresUrl(location: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(location)
}

/**
 * Opens what `--db` names: `postgres://…`, a SQLite file, or `:memory:`.
 *
 * @throws {@link ReferenceServerError} `STORE_UNAVAILABLE`
 */
export async function openStore(location: string): Promise<Store> {
  return isPostgresUrl(location) ? await openPostgresStore(location) : openSqliteStore(location)
}

/** A database for summaries and messages: without password, and without options that may be one. */
export function describeDatabase(location: string): string {
  if (location === ':memory:') return 'in memory'
  if (location === defaultDatabasePath) return `${location}, in the working folder`
  if (!isPostgresUrl(location)) return location
  const url = URL.parse(location)
  if (url === null) return 'postgres://…'
  const user = url.username === '' ? '' : `${url.username}@`
  return `postgres://${user}${url.host}${url.pathname}`
}
