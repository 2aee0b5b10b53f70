import type { RecordCipher } from '../encryption/record-cipher.ts'
import type { ReencryptedPage, ReencryptionPage } from '../encryption/reencryption.ts'
import { recordKinds } from '../record-kinds.ts'
import type { RecordName } from '../store.ts'
import type { RunStatement } from './statements.ts'
import { textOf } from './statements.ts'

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
  page: ReencryptionPage,
): Promise<ReencryptedPage> {
  const { found, next } = await otherRows(run, table, cipher, page)
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
    next,
  }
}

/** Rows that do not name the newest key, and where the next page begins. */
async function otherRows(
  run: RunStatement,
  table: string,
  cipher: RecordCipher,
  { after, limit }: ReencryptionPage,
): Promise<{
  readonly found: readonly { readonly name: RecordName; readonly sealed: string }[]
  readonly next: string | undefined
}> {
  const { kind, id } = positionIn(after)
  // The end comes first. If the rows were counted twice, a row could be removed in between, and then
  // rows behind the first count would belong to no page. The number of rows is bounded, because a
  // whole table can take longer than one statement may.
  const [end] = await run(
    `SELECT kind, id FROM ${table} WHERE (kind, id) > ($1, $2)
     ORDER BY kind, id LIMIT 1 OFFSET ${rowsPerPage - 1}`,
    [kind, id],
  )
  const last = end && [textOf(end['kind']), textOf(end['id'])]
  const rows = await run(
    // The statement ends with the last row that it needs.
    `SELECT kind, id, sealed FROM ${table}
     WHERE (kind, id) > ($1, $2)${last === undefined ? '' : ' AND (kind, id) <= ($5, $6)'}
       AND strpos(left(sealed, ${beginningLength}), $3) = 0 AND strpos(kind, '/') = 0
     ORDER BY kind, id LIMIT $4::bigint`,
    [kind, id, `"keyId":"${cipher.keyIds[0]}"`, String(limit), ...(last ?? [])],
  )
  const found = rows.flatMap((row) => {
    const name = nameIn(row)
    return name === undefined ? [] : [{ name, sealed: textOf(row['sealed']) }]
  })
  const lastFound = rows.length === limit ? rows.at(-1) : undefined
  const position = lastFound ? [textOf(lastFound['kind']), textOf(lastFound['id'])] : last
  return { found, next: position && JSON.stringify(position) }
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
