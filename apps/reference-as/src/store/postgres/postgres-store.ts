import { RateLimiterPostgres } from 'rate-limiter-flexible'
import { refreshTokenExpiry } from '../rows.ts'
import type { Store } from '../store.ts'
import { sweepBatchRows, sweepInBatches } from '../sweep.ts'
import { postgresAccounts } from './accounts.ts'
import { postgresArtifacts } from './artifacts.ts'
import { createPool } from './connections.ts'
import { queriesOn } from './queries.ts'
import type { Queries } from './queries.ts'
import {
  postgresActiveGrants,
  postgresRefreshReads,
  postgresRefreshTokens,
} from './refresh-tokens.ts'
import { prepareSchema } from './schema.ts'
import { postgresSecrets } from './secrets.ts'
import { tablePrefix, tables } from '../../names.ts'

/**
 * Opens a Postgres database by its connection string. Creates the tables it needs, `evergrant_as_*`
 * in the first schema of the search path.
 *
 * Concurrency: any number of instances share one database. Each has a pool of ten connections. A
 * broken connection is replaced, and only the request that was using it fails. Nothing waits for
 * longer than ten seconds.
 *
 * @throws {@link ReferenceServerError} `STORE_UNAVAILABLE`
 */
export async function openPostgresStore(connectionString: string): Promise<Store> {
  const pool = createPool(connectionString)
  await prepareSchema(pool)
  const queries = queriesOn(pool)
  const sweeps = sweepsOf(queries)
  const findLayout = queries.first(
    'find_layout',
    `SELECT current_setting('transaction_read_only') AS read_only FROM ${tables.layout}`,
  )

  return {
    artifacts: postgresArtifacts(queries),
    refreshTokens: postgresRefreshTokens(queries, pool),
    accounts: postgresAccounts(queries),
    secrets: postgresSecrets(queries),
    findForRefresh: postgresRefreshReads(queries),
    rateLimiter: (options) =>
      new RateLimiterPostgres({
        ...options,
        storeClient: pool,
        storeType: 'pool',
        tableName: tables.rateLimits,
        tableCreated: true,
        clearExpiredByTimeout: false,
      }),
    listActiveGrants: postgresActiveGrants(queries),
    async check() {
      const found = await findLayout()
      if (found === undefined) throw new Error(`${tables.layout} is empty`)
      // For example a standby, or a server that was made read-only because its disk is full.
      if (found['read_only'] !== 'off') throw new Error('the database is read-only')
    },
    async sweep(beforeEpochSeconds) {
      let swept = 0
      for (const sweep of sweeps) {
        swept += await sweepInBatches(
          async () => await sweep(beforeEpochSeconds),
          () => !pool.ending,
        )
      }
      return swept
    },
    async close() {
      await pool.end()
    },
  }
}

/** The expiry of rows, in epoch seconds, by table. */
const expiries = {
  artifacts: 'expires_at',
  refresh_tokens: refreshTokenExpiry,
  rate_limits: 'expire',
}

/**
 * The statements of a sweep, each for one batch. Rows that another session has locked are left to the
 * next sweep, so that a sweep takes part in no deadlock.
 */
function sweepsOf({ run }: Queries): readonly ((beforeEpochSeconds: number) => Promise<number>)[] {
  return Object.entries(expiries).map(([table, expiry]) => {
    const before = expiry === 'expire' ? '$1::bigint * 1000' : '$1'
    return run(
      `sweep_${table}`,
      `DELETE FROM ${tablePrefix}${table} WHERE ctid = ANY (ARRAY (
         SELECT ctid FROM ${tablePrefix}${table} WHERE ${expiry} < ${before}
         LIMIT ${sweepBatchRows} FOR UPDATE SKIP LOCKED
       ))`,
    )
  })
}
