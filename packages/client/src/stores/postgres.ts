import { createHash } from 'node:crypto'
import { EvergrantClientError } from '../lib/errors.ts'
import type { RecordKind, RecordName, RecordStore, StoredRecord } from './store.ts'
import type { OpenedRecord } from './encryption/record-cipher.ts'
import { recordCipher } from './encryption/record-cipher.ts'
import { openedRecord } from './encryption/sealed-record.ts'
import { within } from './locking/bounded.ts'
import type { PostgresPool } from './postgres/pool.ts'
import { transactionLocks } from './postgres/transaction-lock.ts'

export type {
  PostgresClient,
  PostgresPool,
  PostgresQuery,
  PostgresResult,
} from './postgres/pool.ts'

/** Where the records are. */
export interface PostgresTableOptions {
  /** The table's name, with or without a schema: `evergrant_records` (default), `auth.grants`. */
  readonly table?: string | undefined
}

/** Settings of {@link postgresStore}. */
export interface PostgresStoreOptions extends PostgresTableOptions {
  /**
   * The key that records are encrypted with: 32 bytes, the same on every machine, from where the
   * host keeps its secrets and not from the database.
   */
  readonly key: Uint8Array
  /**
   * How many of the pool's connections locks may use at one moment. Default: half of the pool. A
   * lock keeps one connection for as long as it is held, about as long as one refresh.
   */
  readonly maximumLockConnections?: number | undefined
  /** The longest that one statement may take. Default 10,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
}

const defaultTable = 'evergrant_records'
const defaultTimeoutMilliseconds = 10_000
/** What `pg` uses where the host names no size. */
const defaultPoolSize = 10
const listPageSize = 1000
/** Damaged records stay in the table under a kind of their own, which nobody reads. */
const setAsidePrefix = 'set-aside/'

/**
 * The SQL that makes the table, for hosts that run their own migrations. It can be run again, and
 * by several machines at once.
 *
 * @throws EvergrantClientError `INVALID_OPTION` for a name that is no plain identifier.
 */
export function postgresTableSql(options: PostgresTableOptions = {}): string {
  const table = quotedTable(options.table)
  // Two machines that create one table at one moment would get in each other's way.
  return `SELECT pg_advisory_xact_lock(${lockKey(['create', table])});
CREATE TABLE IF NOT EXISTS ${table} (
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  generation bigint NOT NULL,
  sealed text NOT NULL,
  written_at timestamptz NOT NULL,
  PRIMARY KEY (kind, id)
);`
}

/**
 * Creates the table of a {@link postgresStore} where it is missing. Safe to call at every start.
 *
 * @throws EvergrantClientError `INVALID_OPTION`, `TOKEN_STORE_UNAVAILABLE`
 */
export async function createPostgresTable(
  pool: PostgresPool,
  options: PostgresTableOptions = {},
): Promise<void> {
  const text = postgresTableSql(options)
  try {
    // Several statements without parameters are one transaction.
    await pool.query({ text, values: [], query_timeout: defaultTimeoutMilliseconds })
  } catch (cause) {
    throw new EvergrantClientError(
      'TOKEN_STORE_UNAVAILABLE',
      'The table for grants could not be created. Check that PostgreSQL is reachable and that its user may create tables, or run the statements of postgresTableSql() as one who may.',
      { cause },
    )
  }
}

/**
 * Opens a store in PostgreSQL (12 or later), for any number of processes and machines.
 *
 * One row a record, encrypted with AES-256-GCM; each write is one statement that compares the
 * generation and sets it. A lock is an advisory lock on a connection of its own, so it dies with
 * its holder: at once where the process ends, within half a minute where the machine vanishes.
 * Damaged rows are set aside in the same table (`kind` then begins with `set-aside/`); rows of a
 * later version or of another key are left where they are.
 *
 * The server must confirm a commit only once it is durable (`synchronous_commit` is not `off`),
 * and the pool must lead to the primary.
 *
 * @param pool - A `Pool` of the package `pg` with at least two connections. It stays the host's:
 *   `close` gives its connections back and does not end it.
 * @throws EvergrantClientError `INVALID_OPTION`
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
      // Numbers travel as text: a host may have changed how `pg` parses them.
      `SELECT generation::text AS generation, sealed,
         GREATEST(0, EXTRACT(EPOCH FROM clock_timestamp() - written_at))::text AS age
       FROM ${table} WHERE kind = $1 AND id = $2`,
      [name.kind, name.id],
    )
    const row = rows[0]
    if (row === undefined) return undefined
    const sealed = textOf(row['sealed'])
    const record = await openedRecord(name, openRow(name, sealed, row['generation']), {
      where: `the row ${JSON.stringify(`${name.kind}/${name.id}`)} of ${table}`,
      setAsideTo: `the kind "${setAsidePrefix}${name.kind}" of the same table`,
      setAside: () => moveAside(name, 'sealed = $4', sealed),
    })
    return record && { ...record, ageSeconds: Number(textOf(row['age'])) }
  }

  /** A row whose generation is not the one inside was put together from two. */
  function openRow(name: RecordName, sealed: string, generation: unknown): OpenedRecord {
    const opened = cipher.open(name, sealed)
    if ('record' in opened && opened.record.generation !== Number(textOf(generation))) {
      return { unreadable: 'damaged', detail: 'its generation is another than the one inside' }
    }
    return opened
  }

  /** Only what was found to be of no use is moved: somebody may have written anew since. */
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

function lockConnections(pool: PostgresPool, wanted: number | undefined): number {
  const size = pool.options.max ?? defaultPoolSize
  const maximum = wanted ?? Math.floor(size / 2)
  if (Number.isSafeInteger(maximum) && maximum >= 1 && maximum < size) return maximum
  throw new EvergrantClientError(
    'INVALID_OPTION',
    `A lock keeps one connection while records are read and written on another: a pool of ${size} cannot spare ${maximum} for locks. Give the pool two connections or more (max), and fewer than all of them to locks (maximumLockConnections).`,
  )
}

/** Quoted, so that no name is read as SQL. */
function quotedTable(table: string = defaultTable): string {
  if (!/^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$/.test(table)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The table name ${JSON.stringify(table)} cannot be used. Give lower-case letters, digits and underscores, with or without a schema and a dot before.`,
    )
  }
  return table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')
}

/** The name of an advisory lock: 64 bits of a hash, signed, in decimal. */
function lockKey(parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest()
  return digest.readBigInt64BE(0).toString()
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function unavailable(table: string, cause: unknown): EvergrantClientError {
  const missing = cause instanceof Error && 'code' in cause && cause.code === '42P01'
  return new EvergrantClientError(
    'TOKEN_STORE_UNAVAILABLE',
    missing
      ? `The table ${table} does not exist. Create it with createPostgresTable() or the statements of postgresTableSql().`
      : 'PostgreSQL did not do what the token store asked of it. Check that it is reachable and its user may read and write the table.',
    { cause },
  )
}
