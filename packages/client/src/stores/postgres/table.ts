import { createHash } from 'node:crypto'
import { EvergrantClientError } from '../../lib/errors.ts'
import { dueRows, dueTime } from './due-time.ts'

/** The table of the records. */
export interface PostgresTableOptions {
  /** Its name, with or without a schema: `evergrant_records` (default), `auth.grants`. */
  readonly table?: string | undefined
}

const defaultTable = 'evergrant_records'
const longestName = 63

/** Every refresh replaces three row versions, so dead ones are removed earlier than by default. */
const storageParameters =
  'autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05'

/**
 * The SQL that creates the table and its index of due grants, for hosts that run their own
 * migrations. You can run it repeatedly, and on several machines at once. It fails and changes
 * nothing if an older version created the table: run the statements of `postgresMigrationSql()`
 * instead.
 *
 * @throws EvergrantClientError `INVALID_OPTION` for a name that is not a plain identifier.
 */
export function postgresTableSql(options: PostgresTableOptions = {}): string {
  const table = quotedTable(options.table)
  // Two machines that create one table at the same time would conflict.
  return `SELECT pg_advisory_xact_lock(${lockKey(['create', table])});
CREATE TABLE IF NOT EXISTS ${table} (
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  generation bigint NOT NULL,
  sealed text NOT NULL,
  written_at timestamptz NOT NULL,
  due_at timestamptz,
  due_for bigint,
  PRIMARY KEY (kind, id)
) WITH (${storageParameters});
CREATE INDEX IF NOT EXISTS "${dueIndexName(options.table)}" ON ${table} (${dueTime}) WHERE ${dueRows};`
}

/**
 * The statements that update a table of an older version, for hosts that run their own migrations.
 * Run them in this order, each outside a transaction. Processes of the older and of this version can
 * use the table before, during and after. You can repeat the list at any time, also after a statement
 * failed.
 *
 * 1. Adds two columns without rewriting the table. It gives up after two seconds if a long
 *    transaction blocks it, because other statements would wait behind it. Repeat it in this case.
 * 2. Removes an index that an interrupted attempt left.
 * 3. Creates the index while the table is read and written. This takes about a second per million
 *    grants. Run it on one machine only, and without `statement_timeout`.
 *
 * @throws EvergrantClientError `INVALID_OPTION` for a name that is not a plain identifier.
 */
export function postgresMigrationSql(options: PostgresTableOptions = {}): readonly string[] {
  const table = quotedTable(options.table)
  const index = dueIndexName(options.table)
  return [
    `DO $$ BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  IF (SELECT count(*) FROM pg_attribute WHERE attrelid = '${table}'::regclass
      AND attname IN ('due_at', 'due_for') AND NOT attisdropped) < 2 THEN
    ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS due_at timestamptz,
      ADD COLUMN IF NOT EXISTS due_for bigint;
    ALTER TABLE ${table} SET (${storageParameters});
  END IF;
END $$`,
    // The first lock waits for another machine that is creating the index. Readers and writers do
    // not wait for it.
    `DO $$ BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  LOCK TABLE ${table} IN SHARE UPDATE EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE indrelid = '${table}'::regclass AND relname = '${index}' AND NOT indisvalid) THEN
    DROP INDEX ${schemaOf(options.table)}"${index}";
  END IF;
END $$`,
    `CREATE INDEX CONCURRENTLY IF NOT EXISTS "${index}" ON ${table} (${dueTime}) WHERE ${dueRows}`,
  ]
}

/** The quoted name of the table, so that no name is read as SQL. */
export function quotedTable(table: string = defaultTable): string {
  if (!/^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$/.test(table)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The option "table" cannot be used: ${JSON.stringify(table)} (expected lower-case letters, digits and underscores, with or without a schema and a dot). Correct it.`,
    )
  }
  return table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')
}

/** The name of the index of due grants. It is in the schema of the table. */
export function dueIndexName(table: string = defaultTable): string {
  const name = table.slice(table.indexOf('.') + 1)
  const suffix = '_due'
  if (name.length + suffix.length <= longestName) return `${name}${suffix}`
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${name.slice(0, longestName - suffix.length - hash.length - 1)}_${hash}${suffix}`
}

function schemaOf(table: string = defaultTable): string {
  const dot = table.indexOf('.')
  return dot < 0 ? '' : `"${table.slice(0, dot)}".`
}

/** The name of an advisory lock: 64 bits of a hash, signed, in decimal. */
export function lockKey(parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest()
  return digest.readBigInt64BE(0).toString()
}
