import type { BenchTable } from './bench-table.ts'

const rowsAtOnce = 500_000

/**
 * Adds grants of other users that are due between 10 and 60 minutes from now, in one statement for
 * many rows. They are never opened, so their text only has to be as long as a real one.
 */
export async function addOtherGrants(
  bench: BenchTable,
  count: number,
  sealedLength: number,
): Promise<void> {
  for (let first = 0; first < count; first += rowsAtOnce) {
    await bench.admin.query(
      `INSERT INTO ${bench.table} (kind, id, generation, sealed, written_at, due_at, due_for)
       SELECT 'grant', md5(n::text) || md5((-n)::text), 1, left(repeat(md5(random()::text), 100), $3),
         now(), now() + interval '600 s' + random() * interval '3000 s', 1
       FROM generate_series($1::int, $2::int) AS n`,
      [first + 1, Math.min(count, first + rowsAtOnce), sealedLength],
    )
  }
  await bench.admin.query(`VACUUM ANALYZE ${bench.table}`)
}
