import { postgresStore } from '@evergrant/client/stores/postgres'
import type { BenchTable } from '../refresh-worker/bench-table.ts'
import { readRefreshToken } from '../refresh-worker/tokens.ts'

/** What the table has after the run. */
export interface StoredRecords {
  readonly grants: number
  /** Grants whose stored refresh token is not the one that the authorization server issued last. */
  readonly lost: number
  /** Records that the newest key does not open. */
  readonly otherKey: number
  /** Bindings whose generation or time of writing changed. Only the re-encryption touched them. */
  readonly changedBindings: number
}

/** Opens every record with the newest key alone. Each grant was refreshed once. */
export async function storedRecords(
  { admin, table }: BenchTable,
  newestKey: Buffer,
  seededBeforeEpochSeconds: number,
): Promise<StoredRecords> {
  const store = postgresStore(admin, { key: newestKey, table })
  let [grants, lost, otherKey] = [0, 0, 0]

  async function check(id: string): Promise<void> {
    const body = await store.read({ kind: 'grant', id }).then(
      (record) => record?.body,
      () => undefined,
    )
    if (body === undefined) {
      otherKey += 1
      return
    }
    const { tokenSet } = JSON.parse(body) as { tokenSet: { refreshToken?: string } }
    grants += 1
    if (readRefreshToken(tokenSet.refreshToken ?? '')?.rotation !== 1) lost += 1
  }

  let batch: Promise<void>[] = []
  for await (const id of store.list('grant')) {
    batch.push(check(id))
    if (batch.length >= 1000) {
      await Promise.all(batch)
      batch = []
    }
  }
  await Promise.all(batch)
  for await (const id of store.list('binding')) {
    await store.read({ kind: 'binding', id }).catch(() => (otherKey += 1))
  }
  const { rows } = await admin.query<{ count: string }>(
    `SELECT count(*) FROM ${table} WHERE kind = 'binding'
     AND (generation <> 1 OR written_at > to_timestamp($1::float8))`,
    [seededBeforeEpochSeconds],
  )
  await store.close()
  return { grants, lost, otherKey, changedBindings: Number(rows[0]?.count) }
}
