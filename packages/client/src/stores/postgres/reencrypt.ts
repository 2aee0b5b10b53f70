import type { RecordCipher } from '../encryption/record-cipher.ts'
import type { ReencryptedPage, ReencryptionPage } from '../encryption/reencryption.ts'
import { recordKinds } from '../record-kinds.ts'
import type { RecordName } from '../store.ts'
import type { RunStatement } from './statements.ts'

/** How many rows one page looks at. Most of them can have the newest key already. */
const rowsPerPage = 5000
/** The text of a record begins with its version, its generation and the ID of its key. */
const beginningLength = 120

/**
 * Encrypts rows of one page with the newest key. PostgreSQL finds the rows of other keys.
 *
 * @param table - The quoted name of the table.
 */
export async function reencryptRows(
  run: RunStatement,
  table: string,
  cipher: RecordCipher,
  { after, limit }: ReencryptionPage,
): Promise<ReencryptedPage> {
  const { found, last } = await otherRows(run, table, cipher, after, limit)
  const others = found.filter(({ sealed }) => !cipher.isCurrent(sealed))
  const resealed = others.flatMap(({ name, sealed }) => {
    const opened = cipher.open(name, sealed)
    return 'record' in opened
      ? [{ ...name, old: sealed, sealed: cipher.seal(name, opened.record) }]
      : []
  })
  const reencrypted = await replaceTexts(run, table, resealed)
  return {
    reencrypted,
    replaced: resealed.length - reencrypted,
    unreadable: others.length - resealed.length,
    next: last,
  }
}

/** Rows that do not name the newest key, and where the next page begins. */
async function otherRows(
  run: RunStatement,
  table: string,
  cipher: RecordCipher,
  after: string | undefined,
  limit: number,
): Promise<{
  readonly found: readonly { readonly name: RecordName; readonly sealed: string }[]
  readonly last: string | undefined
}> {
  const { kind, id } = positionIn(after)
  const rows = await run(
    // The page ends with the last row that was looked at, or with the last one that was found. It is
    // bounded, because a whole table can take longer than one statement may.
    `WITH page AS MATERIALIZED (
       SELECT kind, id, sealed FROM ${table}
       WHERE (kind, id) > ($1, $2) ORDER BY kind, id LIMIT ${rowsPerPage}),
     found AS (
       SELECT kind, id, sealed FROM page
       WHERE strpos(left(sealed, ${beginningLength}), $3) = 0 AND position('/' in kind) = 0
       ORDER BY kind, id LIMIT $4::bigint)
     SELECT kind, id, sealed, NULL AS size FROM found
     UNION ALL
     (SELECT kind, id, NULL, (SELECT count(*) FROM page)::text FROM page
       ORDER BY kind DESC, id DESC LIMIT 1)`,
    [kind, id, `"keyId":"${cipher.keyIds[0]}"`, String(limit)],
  )
  const found = rows.flatMap((row) => {
    const name = nameIn(row)
    return typeof row['sealed'] === 'string' && name !== undefined
      ? [{ name, sealed: row['sealed'] }]
      : []
  })
  const lastFound = found.at(-1)
  if (lastFound !== undefined && found.length === limit) {
    return { found, last: positionText(lastFound.name) }
  }
  const end = rows.find((row) => row['size'] !== null)
  const isLastPage = end === undefined || Number(end['size']) < rowsPerPage
  const last = { kind: String(end?.['kind']), id: String(end?.['id']) }
  return { found, last: isLastPage ? undefined : positionText(last) }
}

/** A kind that was set aside has a slash, so a position is JSON. */
function positionText({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return JSON.stringify([kind, id])
}

function positionIn(after: string | undefined): { readonly kind: string; readonly id: string } {
  const position: unknown = after === undefined ? [] : JSON.parse(after)
  const [kind, id]: unknown[] = Array.isArray(position) ? position : []
  return {
    kind: typeof kind === 'string' ? kind : '',
    id: typeof id === 'string' ? id : '',
  }
}

async function replaceTexts(
  run: RunStatement,
  table: string,
  texts: readonly (RecordName & { readonly old: string; readonly sealed: string })[],
): Promise<number> {
  if (texts.length === 0) return 0
  const changed = await run(
    // A row that another process is writing is skipped: its text is about to change. So this
    // statement waits for no lock while it holds some, and cannot take part in a deadlock.
    `WITH given AS (
       SELECT * FROM json_to_recordset($1::json)
         AS given (kind text, id text, old text, sealed text)),
     locked AS MATERIALIZED (
       SELECT row.kind, row.id FROM given JOIN ${table} AS row
         ON row.kind = given.kind AND row.id = given.id AND row.sealed = given.old
       FOR UPDATE OF row SKIP LOCKED)
     UPDATE ${table} AS row SET sealed = given.sealed
     FROM given JOIN locked USING (kind, id)
     WHERE row.kind = given.kind AND row.id = given.id AND row.sealed = given.old
     RETURNING row.id`,
    [JSON.stringify(texts)],
  )
  return changed.length
}

function nameIn(row: Record<string, unknown>): RecordName | undefined {
  const kind = recordKinds.find((one) => one === row['kind'])
  return kind && typeof row['id'] === 'string' ? { kind, id: row['id'] } : undefined
}
