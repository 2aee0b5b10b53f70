/**
 * The statement that makes every row of a table of `postgresStore` `$1` seconds older. It locks the rows in the
 * order of the store's own statements: otherwise, one that runs concurrently and this one can deadlock.
 */
export function ageRowsSql(table: string): string {
  return `WITH locked AS MATERIALIZED (
      SELECT kind, id FROM ${table} ORDER BY kind, id FOR UPDATE)
    UPDATE ${table} AS row SET written_at = row.written_at - $1 * interval '1 s',
      due_at = row.due_at - $1 * interval '1 s'
    FROM locked WHERE row.kind = locked.kind AND row.id = locked.id`
}
