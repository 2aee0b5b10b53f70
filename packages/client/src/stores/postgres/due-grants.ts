import type { ClaimOptions, DueBacklog } from '../due.ts'
import { dueRows, dueTime, secondsParameter, timeFromNow } from './due-time.ts'
import type { SealedRow } from './records.ts'
import type { RunStatement } from './statements.ts'
import { textOf } from './statements.ts'

/** A claimed row. */
export interface ClaimedRow extends SealedRow {
  readonly id: string
  readonly lateSeconds: number
}

/** What a claim found. */
export interface ClaimedRows {
  readonly rows: readonly ClaimedRow[]
  readonly nextDueInSeconds: number
}

/** The backlog is counted up to here. */
const maximumCounted = 100_000

/**
 * Takes the rows that are due, the most overdue first. Rows that another claim or a write has locked
 * are skipped.
 */
export async function claimRows(
  run: RunStatement,
  table: string,
  { limit, claimSeconds }: ClaimOptions,
): Promise<ClaimedRows> {
  const found = await run(
    // Conditions use now(), because only a stable function can be the end of an index range. The last
    // part sees the rows as they were before the claim. A full claim is followed by another one, so
    // it does not need the next time.
    `WITH due AS MATERIALIZED (
       SELECT id, ${dueTime} AS due FROM ${table} WHERE ${dueRows} AND ${dueTime} <= now()
       ORDER BY ${dueTime} LIMIT $1::bigint FOR UPDATE SKIP LOCKED),
     claimed AS (
       UPDATE ${table} AS row SET due_at = ${timeFromNow('$2::float8')}, due_for = row.generation
       FROM due WHERE row.kind = 'grant' AND row.id = due.id
       RETURNING row.id, row.generation, row.sealed, row.written_at, due.due)
     SELECT id, generation::text AS generation, sealed,
       date_part('epoch', clock_timestamp() - written_at)::text AS age,
       CASE WHEN due = '-infinity' THEN '0'
         ELSE date_part('epoch', clock_timestamp() - due)::text END AS late,
       NULL AS next
     FROM claimed
     UNION ALL
     SELECT NULL, NULL, NULL, NULL, NULL, (
       SELECT (date_part('epoch', ${dueTime}) - date_part('epoch', clock_timestamp()))::text
       FROM ${table} WHERE ${dueRows} AND ${dueTime} > now() ORDER BY ${dueTime} LIMIT 1)
     WHERE (SELECT count(*) FROM claimed) < $1::bigint`,
    [String(limit), secondsParameter(claimSeconds)],
  )
  const next = found.find((row) => row['id'] === null)
  return {
    rows: found
      .filter((row) => row !== next)
      .map(claimedRow)
      .sort((one, other) => other.lateSeconds - one.lateSeconds),
    nextDueInSeconds: next === undefined ? 0 : secondsUntil(next['next']),
  }
}

function claimedRow(row: Record<string, unknown>): ClaimedRow {
  return {
    id: textOf(row['id']),
    generation: Number(textOf(row['generation'])),
    sealed: textOf(row['sealed']),
    ageSeconds: Math.max(0, Number(textOf(row['age']))),
    lateSeconds: Math.max(0, Number(textOf(row['late']))),
  }
}

/** @param next - NULL if no other row has a time. */
function secondsUntil(next: unknown): number {
  return next === null ? Number.POSITIVE_INFINITY : Math.max(0, Number(textOf(next)))
}

/** Counts the rows that are due. */
export async function countDue(run: RunStatement, table: string): Promise<DueBacklog> {
  const [row] = await run(
    `SELECT count(*)::text AS grants,
       COALESCE(max(CASE WHEN due = '-infinity' THEN 0
         ELSE date_part('epoch', clock_timestamp() - due) END), 0)::text AS late
     FROM (SELECT ${dueTime} AS due FROM ${table} WHERE ${dueRows} AND ${dueTime} <= now()
       ORDER BY ${dueTime} LIMIT ${maximumCounted}) AS counted`,
    [],
  )
  return {
    grants: Number(textOf(row?.['grants'])),
    lateSeconds: Math.max(0, Number(textOf(row?.['late']))),
  }
}
