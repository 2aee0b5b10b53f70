import type { RecordStore } from '@evergrant/client'
import { EvergrantClientError } from '@evergrant/client'
import { systemCodeOf, WorkerError } from '../lib/errors.ts'
import type { StoreSettings } from '../settings/worker-settings.ts'
import { defaultTable } from '../lib/names.ts'

/** How many grants are read. One of another key can be a leftover; if no key opens any, it is wrong. */
const sampledGrants = 10

/** PostgreSQL: undefined_table, undefined_column, invalid_schema_name. */
const missingTableCodes: ReadonlySet<string> = new Set(['42P01', '42703', '3F000'])

/**
 * Checks that the store answers, that its table exists, and that the keys open its grants.
 *
 * @throws WorkerError `STORE_UNAVAILABLE`, `TABLE_MISSING`, `KEY_MISMATCH`
 */
export async function checkStore(
  store: RecordStore,
  { database, table = defaultTable }: Pick<StoreSettings, 'database' | 'table'>,
): Promise<void> {
  try {
    await store.due.backlog()
    await checkKeys(store, database.shown)
  } catch (cause) {
    if (WorkerError.is(cause)) throw cause
    if (missingTableCodes.has(systemCodeOf(cause) ?? '')) {
      throw new WorkerError(
        'TABLE_MISSING',
        `The store at ${database.shown} cannot be used: its table ${JSON.stringify(table)} does not exist, or an older version created it. Start with --create-table, or name the table of the gateway with --table.`,
        { cause },
      )
    }
    throw unavailable(database.shown, cause)
  }
}

async function checkKeys(store: RecordStore, shown: string): Promise<void> {
  let unreadable: EvergrantClientError | undefined
  let sampled = 0
  for await (const id of store.list('grant')) {
    try {
      // A damaged record was set aside, and says nothing about the key.
      if ((await store.read({ kind: 'grant', id })) !== undefined) return
    } catch (error) {
      if (!EvergrantClientError.is(error) || error.code !== 'RECORD_UNREADABLE') throw error
      unreadable = error
    }
    sampled += 1
    if (sampled === sampledGrants) break
  }
  if (unreadable === undefined) return
  throw new WorkerError(
    'KEY_MISMATCH',
    `The grants in the store at ${shown} cannot be opened: ${unreadable.message} Pass the key of the gateway with --key-file.`,
    { cause: unreadable },
  )
}

/** The error of a database that does not answer. */
export function unavailable(shown: string, cause: unknown): WorkerError {
  const code = systemCodeOf(cause)
  return new WorkerError(
    'STORE_UNAVAILABLE',
    `The store at ${shown} does not answer${code === undefined ? '' : ` (${code})`}. Check that the database is running and reachable, and the user name, password and permissions of the URL.`,
    { cause },
  )
}
