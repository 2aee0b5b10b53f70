import { EvergrantClientError } from '../lib/errors.ts'
import type { RecordKind, RecordName, RecordStore, StoredRecord } from './store.ts'
import type { OpenedRecord } from './encryption/record-cipher.ts'
import { recordCipher } from './encryption/record-cipher.ts'
import { openedRecord } from './encryption/sealed-record.ts'
import { within } from './locking/bounded.ts'
import type { PostgresPool } from './postgres/pool.ts'
import type { PostgresTableOptions } from './postgres/table.ts'
import { defaultTimeoutMilliseconds, lockKey, quotedTable } from './postgres/table.ts'
import { transactionLocks } from './postgres/transaction-lock.ts'

export type {
  PostgresClient,
  PostgresPool,
  PostgresQuery,
  PostgresResult,
} from './postgres/pool.ts'

export { createPostgresTable, postgresTableSql } from './postgres/table.ts'
export type { PostgresTableOptions } from './postgres/table.ts'

/** Options of {@link postgresStore}. */
export interface PostgresStoreOptions extends PostgresTableOptions {
  /**
   * The key that encrypts the records: 32 bytes, the same on every machine. Keep it where you keep
   * your secrets, and not in the database.
   */
  readonly key: Uint8Array
  /**
   * How many connections of the pool locks may use at once. Default: half of the pool. A lock uses
   * one connection while it is held, which is about as long as one refresh.
   */
  readonly maximumLockConnections?: number | undefined
  /** The longest that one statement may take. Default 10,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
}

/** The default of `pg`. */
const defaultPoolSize = 10
const listPageSize = 1000
/** Damaged records stay in the table under another kind, which the store does not read. */
const setAsidePrefix = 'set-aside/'

/**
 * Opens a store in PostgreSQL (12 or later), for any number of processes and machines.
 *
 * Each record is one row, encrypted with AES-256-GCM. Each write is one statement that compares and
 * sets the generation. A lock is an advisory lock on a separate connection, so it ends with its
 * holder: at once if the process ends, within half a minute if the machine fails. Damaged rows are
 * set aside in the same table (their `kind` then begins with `set-aside/`). Rows of a later version or
 * of another key are not changed.
 *
 * The server must confirm a commit only when it is durable (`synchronous_commit` is not `off`), and
 * the pool must connect to the primary.
 *
 * @param pool - A `Pool` of the package `pg` with at least two connections. You keep ownership:
 *   `close` returns the connections and does not end the pool.
 * @throws EvergrantClientError `INVALID_OPTION`
 * @example
 * await createPostgresTable(pool)
 * const store = postgresStore(pool, { key })
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions): RecordStore {
  const { requestTimeoutMilliseconds = defaultTimeoutMilliseconds } = options
  const table = quotedTable(options.table)
  const cipher = recordCipher(options.key)
  const locks = transactionLocks(pool, {
    requestTimeoutMilliseconds,
    maximumConnections: lockConnections(pool, options.maximumLockConnections),
  })

  async function run(
    text: string,
    values: string[],
  ): Promise<{ readonly rows: Record<string, unknown>[]; readonly changed: number }> {
    try {
      const { rows, rowCount } = await within(
        requestTimeoutMilliseconds * 1.5,
        'PostgreSQL',
        pool.query({ text, values, query_timeout: requestTimeoutMilliseconds }),
      )
      return { rows, changed: rowCount ?? 0 }
    } catch (cause) {
      throw unavailable(table, cause)
    }
  }

  async function read(name: RecordName): Promise<StoredRecord | undefined> {
    const { rows } = await run(
      // Numbers are sent as text, because a host may have changed how `pg` parses them.
      `SELECT generation::text AS generation, sealed,
         GREATEST(0, EXTRACT(EPOCH FROM clock_timestamp() - written_at))::text AS age
       FROM ${table} WHERE kind = $1 AND id = $2`,
      [name.kind, name.id],
    )
    const row = rows[0]
    if (row === undefined) return undefined
    const sealed = textOf(row['sealed'])
    const record = await openedRecord(name, openRow(cipher.open(name, sealed), row['generation']), {
      where: `the row ${JSON.stringify(`${name.kind}/${name.id}`)} of ${table}`,
      setAsideTo: `the kind "${setAsidePrefix}${name.kind}" of the same table`,
      setAside: () => moveAside(name, 'sealed = $4', sealed),
    })
    return record && { ...record, ageSeconds: Number(textOf(row['age'])) }
  }

  /** Moves only the row that was read: another process may have written a new one since. */
  async function moveAside(
    name: RecordName,
    condition: 'sealed = $4' | 'generation = $4::bigint',
    value: string,
  ): Promise<void> {
    await run(
      `UPDATE ${table}
       SET kind = $3 || kind, id = id || '@' || EXTRACT(EPOCH FROM clock_timestamp())::text
       WHERE kind = $1 AND id = $2 AND ${condition}`,
      [name.kind, name.id, setAsidePrefix, value],
    )
  }

  return {
    read,
    async write(name, body, expectedGeneration) {
      const generation = expectedGeneration + 1
      const values = [
        name.kind,
        name.id,
        String(generation),
        cipher.seal(name, { generation, body }),
      ]
      const { changed } =
        expectedGeneration === 0
          ? await run(
              `INSERT INTO ${table} (kind, id, generation, sealed, written_at)
               VALUES ($1, $2, $3::bigint, $4, clock_timestamp()) ON CONFLICT DO NOTHING`,
              values,
            )
          : await run(
              `UPDATE ${table} SET generation = $3::bigint, sealed = $4,
                 written_at = clock_timestamp()
               WHERE kind = $1 AND id = $2 AND generation = $3::bigint - 1`,
              values,
            )
      return changed === 1 ? { outcome: 'written', generation } : { outcome: 'conflict' }
    },
    async remove(name, expectedGeneration) {
      if (expectedGeneration === 0) {
        return (await read(name)) === undefined ? 'removed' : 'conflict'
      }
      const { changed } = await run(
        `DELETE FROM ${table} WHERE kind = $1 AND id = $2 AND generation = $3::bigint`,
        [name.kind, name.id, String(expectedGeneration)],
      )
      return changed === 1 ? 'removed' : 'conflict'
    },
    async *list(kind: RecordKind) {
      for (let after = ''; ;) {
        const { rows } = await run(
          `SELECT id FROM ${table} WHERE kind = $1 AND id > $2 ORDER BY id LIMIT ${listPageSize}`,
          [kind, after],
        )
        for (const row of rows) {
          after = textOf(row['id'])
          yield after
        }
        if (rows.length < listPageSize) return
      }
    },
    setAside: (name, expectedGeneration) =>
      moveAside(name, 'generation = $4::bigint', String(expectedGeneration)),
    lock: (name, lockOptions) => locks.lock(lockKey([table, name.kind, name.id]), lockOptions),
    close: () => locks.releaseAll(),
  }
}

/** A row whose generation differs from the sealed one was combined from two rows. */
function openRow(opened: OpenedRecord, generation: unknown): OpenedRecord {
  if ('record' in opened && opened.record.generation !== Number(textOf(generation))) {
    return { unreadable: 'damaged', detail: 'its generation differs from the sealed one' }
  }
  return opened
}

function lockConnections(pool: PostgresPool, wanted: number | undefined): number {
  const size = pool.options.max ?? defaultPoolSize
  const maximum = wanted ?? Math.floor(size / 2)
  if (Number.isSafeInteger(maximum) && maximum >= 1 && maximum < size) return maximum
  throw new EvergrantClientError(
    'INVALID_OPTION',
    `The connection pool is too small: ${size} connections, of which ${maximum} are for locks (expected at least 1 for locks and 1 for records). Set "max" of the pool to 2 or more, and the option maximumLockConnections to less than that.`,
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function unavailable(table: string, cause: unknown): EvergrantClientError {
  const missing = cause instanceof Error && 'code' in cause && cause.code === '42P01'
  return new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    missing
      ? `The PostgreSQL table ${table} does not exist. Create it with createPostgresTable(), or run the statements of postgresTableSql().`
      : `A PostgreSQL query of the token store failed (table ${table}). Check that the database is reachable, and that its user may read and write the table.`,
    { cause },
  )
}
