import type { RecordName } from '../store.ts'
import { combined } from './combine.ts'
import { secondsParameter, timeFromNow } from './due-time.ts'
import type { PostgresValue } from './pool.ts'
import type { RunStatement } from './statements.ts'
import { sqlState, textOf, unavailable } from './statements.ts'

/** A row as it is stored. */
export interface SealedRow {
  readonly generation: number
  readonly sealed: string
  readonly ageSeconds: number
}

/** A row to write. */
export interface RowWrite {
  readonly name: RecordName
  /** The new generation. The stored one must be one less; 1: the row must not exist. */
  readonly generation: number
  readonly sealed: string
  readonly dueInSeconds: number | undefined
}

/** When a grant is due. */
export interface DueSetting {
  readonly id: string
  readonly generation: number
  readonly dueInSeconds: number
}

/** Reads and writes rows. Concurrent calls share statements. */
export interface RowAccess {
  read(name: RecordName): Promise<SealedRow | undefined>
  /** @returns Whether the row was written. */
  write(row: RowWrite): Promise<boolean>
  setDue(setting: DueSetting): Promise<void>
}

/** The largest number of rows in one statement. */
const maximumRows = 64
/**
 * How many statements of each kind may run at once. Two keep the database busy: one is committed
 * while the next one runs. More would use more connections and share fewer commits.
 */
const maximumStatements = 2

/** @param table - The quoted name of the table. */
export function rowAccess(
  run: RunStatement,
  table: string,
  requestTimeoutMilliseconds: number,
): RowAccess {
  const shared = {
    maximumItems: maximumRows,
    maximumStatements,
    maximumWaitMilliseconds: requestTimeoutMilliseconds * 1.5,
    overdue: () =>
      unavailable(
        table,
        new Error('PostgreSQL is too slow: earlier calls of this process still wait.'),
      ),
  }
  const writes = {
    ...shared,
    keyOf: ({ name }: RowWrite) => keyOf(name),
    sameKey: 'separate',
    repeatAlone,
  } as const
  const insert = combined((rows: readonly RowWrite[]) => insertRows(run, table, rows), writes)
  const update = combined((rows: readonly RowWrite[]) => updateRows(run, table, rows), writes)
  const setDue = combined((settings: readonly DueSetting[]) => setDueTimes(run, table, settings), {
    ...shared,
    keyOf: ({ id }) => id,
    sameKey: 'separate',
    repeatAlone,
  })
  return {
    read: combined((names: readonly RecordName[]) => readRows(run, table, names), {
      ...shared,
      keyOf,
      sameKey: 'share',
    }),
    write: (row) => (row.generation === 1 ? insert(row) : update(row)),
    setDue,
  }
}

/**
 * Whether PostgreSQL certainly rolled the statement back, for a reason that concerns single rows: a
 * deadlock or another conflict (class 40), a value (22), a constraint (23).
 */
function repeatAlone(error: unknown): boolean {
  return /^(22|23|40)/.test(sqlState(error) ?? '')
}

async function readRows(
  run: RunStatement,
  table: string,
  names: readonly RecordName[],
): Promise<(SealedRow | undefined)[]> {
  const columns = `kind, id, generation::text AS generation, sealed,
    GREATEST(0, EXTRACT(EPOCH FROM clock_timestamp() - written_at))::text AS age`
  const [only, ...others] = names
  // A short statement for the common case, because PostgreSQL plans each statement.
  const rows =
    only !== undefined && others.length === 0
      ? await run(`SELECT ${columns} FROM ${table} WHERE kind = $1 AND id = $2`, [
          only.kind,
          only.id,
        ])
      : await run(
          `SELECT ${columns} FROM unnest($1::text[], $2::text[]) AS given (kind, id)
             JOIN ${table} USING (kind, id)`,
          [names.map(({ kind }) => kind), names.map(({ id }) => id)],
        )
  const found = new Map(rows.map((row) => [keyOf(nameOf(row)), row]))
  return names.map((name) => {
    const row = found.get(keyOf(name))
    return (
      row && {
        generation: Number(textOf(row['generation'])),
        sealed: textOf(row['sealed']),
        ageSeconds: Number(textOf(row['age'])),
      }
    )
  })
}

const insertedColumns = 'kind, id, generation, sealed, written_at, due_at, due_for'

async function insertRows(
  run: RunStatement,
  table: string,
  rows: readonly RowWrite[],
): Promise<boolean[]> {
  const [only, ...others] = rows
  const written =
    only !== undefined && others.length === 0
      ? await run(
          `INSERT INTO ${table} (${insertedColumns})
           VALUES ($1, $2, $3::bigint, $4, clock_timestamp(), ${timeFromNow('$5::float8')},
             CASE WHEN $5::float8 IS NOT NULL THEN $3::bigint END)
           ON CONFLICT DO NOTHING RETURNING kind, id`,
          single(only),
        )
      : await run(
          `INSERT INTO ${table} (${insertedColumns})
           SELECT kind, id, generation, sealed, clock_timestamp(), ${timeFromNow('due')},
             CASE WHEN due IS NOT NULL THEN generation END
           FROM ${given} ORDER BY kind, id
           ON CONFLICT DO NOTHING RETURNING kind, id`,
          columnsOf(rows),
        )
  return areAmong(rows, written)
}

async function updateRows(
  run: RunStatement,
  table: string,
  rows: readonly RowWrite[],
): Promise<boolean[]> {
  const [only, ...others] = rows
  const written =
    only !== undefined && others.length === 0
      ? await run(
          `UPDATE ${table} SET generation = $3::bigint, sealed = $4, written_at = clock_timestamp(),
             due_at = ${timeFromNow('$5::float8')},
             due_for = CASE WHEN $5::float8 IS NOT NULL THEN $3::bigint END
           WHERE kind = $1 AND id = $2 AND generation = $3::bigint - 1 RETURNING kind, id`,
          single(only),
        )
      : await run(
          // Rows are locked in one order, so that two of these statements cannot deadlock.
          `WITH given AS (SELECT * FROM ${given}),
           locked AS MATERIALIZED (
             SELECT row.kind, row.id FROM given JOIN ${table} AS row
               ON row.kind = given.kind AND row.id = given.id
                 AND row.generation = given.generation - 1
             ORDER BY row.kind, row.id FOR UPDATE OF row)
           UPDATE ${table} AS row SET generation = given.generation, sealed = given.sealed,
             written_at = clock_timestamp(), due_at = ${timeFromNow('given.due')},
             due_for = CASE WHEN given.due IS NOT NULL THEN given.generation END
           FROM given JOIN locked USING (kind, id)
           WHERE row.kind = given.kind AND row.id = given.id
             AND row.generation = given.generation - 1
           RETURNING row.kind, row.id`,
          columnsOf(rows),
        )
  return areAmong(rows, written)
}

async function setDueTimes(
  run: RunStatement,
  table: string,
  settings: readonly DueSetting[],
): Promise<undefined[]> {
  await run(
    `WITH given AS (
       SELECT * FROM unnest($1::text[], $2::bigint[], $3::float8[]) AS given (id, generation, due)),
     locked AS MATERIALIZED (
       SELECT row.id FROM given JOIN ${table} AS row
         ON row.kind = 'grant' AND row.id = given.id AND row.generation = given.generation
       ORDER BY row.id FOR UPDATE OF row)
     UPDATE ${table} AS row SET due_at = ${timeFromNow('given.due')}, due_for = given.generation
     FROM given JOIN locked USING (id)
     WHERE row.kind = 'grant' AND row.id = given.id AND row.generation = given.generation`,
    [
      settings.map(({ id }) => id),
      settings.map(({ generation }) => String(generation)),
      settings.map(({ dueInSeconds }) => secondsParameter(dueInSeconds)),
    ],
  )
  return settings.map(() => undefined)
}

const given = `unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::float8[])
  AS given (kind, id, generation, sealed, due)`

function single({ name, generation, sealed, dueInSeconds }: RowWrite): PostgresValue[] {
  return [name.kind, name.id, String(generation), sealed, dueParameter(dueInSeconds)]
}

function columnsOf(rows: readonly RowWrite[]): PostgresValue[] {
  return [
    rows.map(({ name }) => name.kind),
    rows.map(({ name }) => name.id),
    rows.map(({ generation }) => String(generation)),
    rows.map(({ sealed }) => sealed),
    rows.map(({ dueInSeconds }) => dueParameter(dueInSeconds)),
  ]
}

function dueParameter(dueInSeconds: number | undefined): string | null {
  return dueInSeconds === undefined ? null : secondsParameter(dueInSeconds)
}

function areAmong(
  rows: readonly RowWrite[],
  written: readonly Record<string, unknown>[],
): boolean[] {
  const names = new Set(written.map((row) => keyOf(nameOf(row))))
  return rows.map(({ name }) => names.has(keyOf(name)))
}

function nameOf(row: Record<string, unknown>): { readonly kind: string; readonly id: string } {
  return { kind: textOf(row['kind']), id: textOf(row['id']) }
}

function keyOf({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return `${kind}/${id}`
}
