import { EvergrantClientError } from '../lib/errors.ts'
import type { OpenedRecord, StoreKeys } from './encryption/record-cipher.ts'
import { recordCipher } from './encryption/record-cipher.ts'
import type { EncryptedRecordStore } from './encryption/reencryption.ts'
import { openedRecord } from './encryption/sealed-record.ts'
import { claimRows, countDue } from './postgres/due-grants.ts'
import { tableState } from './postgres/create-table.ts'
import type { PostgresPool } from './postgres/pool.ts'
import type { SealedRow } from './postgres/records.ts'
import { rowAccess } from './postgres/records.ts'
import { reencryptRows } from './postgres/reencrypt.ts'
import { sessionLocks } from './postgres/session-locks.ts'
import type { RunStatement } from './postgres/statements.ts'
import { outdatedTable, statements, textOf } from './postgres/statements.ts'
import type { PostgresTableOptions } from './postgres/table.ts'
import { lockKey, quotedTable } from './postgres/table.ts'
import type { ClaimedGrant, RecordKind, RecordName, StoredRecord } from './store.ts'

export type {
  PostgresClient,
  PostgresPool,
  PostgresQuery,
  PostgresResult,
  PostgresValue,
} from './postgres/pool.ts'

export { createPostgresTable } from './postgres/create-table.ts'
export { postgresMigrationSql, postgresTableSql } from './postgres/table.ts'
export type { PostgresTableOptions } from './postgres/table.ts'

export type { StoreKeys } from './encryption/record-cipher.ts'
export type { EncryptedRecordStore } from './encryption/reencryption.ts'

/** Options of {@link postgresStore}. */
export interface PostgresStoreOptions extends PostgresTableOptions {
  /**
   * The key that encrypts the records: 32 bytes, the same on every machine. Keep it where you keep
   * your secrets, and not in the database. With a list, the first key encrypts and all of them open
   * records.
   */
  readonly key: StoreKeys
  /** The longest that one statement may take. Default 10,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
}

const defaultTimeoutMilliseconds = 10_000
/** The default of `pg`. */
const defaultPoolSize = 10
const listPageSize = 1000
/** Damaged records stay in the table under another kind, which the store does not read. */
const setAsidePrefix = 'set-aside/'

/**
 * Opens a store in PostgreSQL (12 or later), for any number of processes and machines.
 *
 * Each record is one row, encrypted with AES-256-GCM. Only the time at which a grant is due is in
 * clear. Each write compares and sets the generation. Concurrent reads share statements, and so do
 * concurrent writes.
 *
 * Locks are advisory locks. All locks of the store are on one connection, so they end with their
 * holder: at once if the process ends, within half a minute if the machine fails. Damaged rows are set
 * aside in the same table (their `kind` then begins with `set-aside/`). Rows of a later version or of
 * another key are not changed.
 *
 * The server must confirm a commit only when it is durable (`synchronous_commit` is not `off`), and
 * the pool must connect to the primary. A pooler in transaction mode (PgBouncer) works.
 *
 * @param pool - A `Pool` of the package `pg` with at least two connections. You keep ownership:
 *   `close` returns the connections and does not end the pool.
 * @throws EvergrantClientError `INVALID_OPTION`
 * @example
 * await createPostgresTable(pool)
 * const store = postgresStore(pool, { key })
 */
export function postgresStore(
  pool: PostgresPool,
  options: PostgresStoreOptions,
): EncryptedRecordStore {
  const { requestTimeoutMilliseconds = defaultTimeoutMilliseconds } = options
  const table = quotedTable(options.table)
  requireTwoConnections(pool)
  const cipher = recordCipher(options.key)
  const run = statements(pool, { table, requestTimeoutMilliseconds })
  const rows = rowAccess(run, table, requestTimeoutMilliseconds)
  const locks = sessionLocks(pool, { requestTimeoutMilliseconds })
  let ready: Promise<void> | undefined

  function open(name: RecordName, { sealed, generation }: SealedRow): OpenedRecord {
    return withGeneration(cipher.open(name, sealed), generation)
  }

  async function opened(
    name: RecordName,
    row: SealedRow,
    record: OpenedRecord,
  ): Promise<StoredRecord> {
    const found = await openedRecord(name, record, {
      where: `the row ${JSON.stringify(`${name.kind}/${name.id}`)} of ${table}`,
      setAsideTo: `the kind "${setAsidePrefix}${name.kind}" of the same table`,
      setAside: () => moveAside(run, table, name, { sealed: row.sealed }),
    })
    return { ...found, ageSeconds: row.ageSeconds }
  }

  async function read(name: RecordName): Promise<StoredRecord | undefined> {
    const row = await rows.read(name)
    return row && (await opened(name, row, open(name, row)))
  }

  async function claimed(
    row: SealedRow & { readonly id: string; readonly lateSeconds: number },
  ): Promise<ClaimedGrant> {
    const { id, generation, lateSeconds } = row
    const name: RecordName = { kind: 'grant', id }
    try {
      return { id, lateSeconds, record: await opened(name, row, open(name, row)) }
    } catch (error) {
      // A row that cannot even be set aside must not keep the other grants of the claim from a worker.
      if (!EvergrantClientError.is(error)) throw error
      return { id, lateSeconds, unreadable: { generation, error } }
    }
  }

  return {
    read,
    async write(name, body, expectedGeneration, dueInSeconds) {
      const generation = expectedGeneration + 1
      const sealed = cipher.seal(name, { generation, body })
      const written = await rows.write({ name, generation, sealed, dueInSeconds })
      return written ? { outcome: 'written', generation } : { outcome: 'conflict' }
    },
    async remove(name, expectedGeneration) {
      if (expectedGeneration === 0) {
        return (await read(name)) === undefined ? 'removed' : 'conflict'
      }
      const removed = await run(
        `DELETE FROM ${table} WHERE kind = $1 AND id = $2 AND generation = $3::bigint RETURNING id`,
        [name.kind, name.id, String(expectedGeneration)],
      )
      return removed.length === 1 ? 'removed' : 'conflict'
    },
    list: (kind) => listIds(run, table, kind),
    setAside: (name, generation) => moveAside(run, table, name, { generation }),
    due: {
      async claim(claimOptions) {
        ready ??= requireIndex(run, options).catch((error: unknown) => {
          ready = undefined
          throw error
        })
        await ready
        const { rows: due, nextDueInSeconds } = await claimRows(run, table, claimOptions)
        return { grants: await Promise.all(due.map((row) => claimed(row))), nextDueInSeconds }
      },
      set: (id, generation, dueInSeconds) => rows.setDue({ id, generation, dueInSeconds }),
      backlog: () => countDue(run, table),
    },
    encryption: {
      keyIds: cipher.keyIds,
      reencryptPage: (page) => reencryptRows(run, table, cipher, page),
    },
    lock: (name, lockOptions) => locks.lock(lockKey([table, name.kind, name.id]), lockOptions),
    close: () => locks.releaseAll(),
  }
}

/** A row whose generation differs from the sealed one was combined from two rows. */
function withGeneration(opened: OpenedRecord, generation: number): OpenedRecord {
  if ('record' in opened && opened.record.generation !== generation) {
    return { unreadable: 'damaged', detail: 'its generation differs from the sealed one' }
  }
  return opened
}

/** Moves only the row that was read: another process may have written a new one since. */
async function moveAside(
  run: RunStatement,
  table: string,
  name: RecordName,
  read: { readonly sealed: string } | { readonly generation: number },
): Promise<void> {
  await run(
    `UPDATE ${table}
     SET kind = $3 || kind, id = id || '@' || EXTRACT(EPOCH FROM clock_timestamp())::text
     WHERE kind = $1 AND id = $2 AND ${'sealed' in read ? 'sealed = $4' : 'generation = $4::bigint'}`,
    [name.kind, name.id, setAsidePrefix, 'sealed' in read ? read.sealed : String(read.generation)],
  )
}

async function* listIds(
  run: RunStatement,
  table: string,
  kind: RecordKind,
): AsyncIterableIterator<string> {
  for (let after = ''; ;) {
    const page = await run(
      `SELECT id FROM ${table} WHERE kind = $1 AND id > $2 ORDER BY id LIMIT ${listPageSize}`,
      [kind, after],
    )
    for (const row of page) {
      after = textOf(row['id'])
      yield after
    }
    if (page.length < listPageSize) return
  }
}

/** Without the index, each claim would read the whole table. */
async function requireIndex(run: RunStatement, options: PostgresTableOptions): Promise<void> {
  if ((await tableState(run, options)) !== 'without-index') return
  throw new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    outdatedTable(quotedTable(options.table)),
  )
}

function requireTwoConnections(pool: PostgresPool): void {
  const size = pool.options.max ?? defaultPoolSize
  if (size >= 2) return
  throw new EvergrantClientError(
    'INVALID_OPTION',
    `The connection pool is too small: ${size} connections (expected 1 for locks and at least 1 for records). Set "max" of the pool to 2 or more.`,
  )
}
