import type { RefreshTokenStore } from '@evergrant/authorization-server'
import type { AdapterPayload } from 'oidc-provider'
import type { Pool } from 'pg'
import {
  activeGrantFrom,
  refreshTokenColumns,
  refreshReadsColumns,
  refreshReadsFrom,
  refreshTokenFrom,
  refreshTokenValues,
} from '../rows.ts'
import type { Row } from '../rows.ts'
import type { Store } from '../store.ts'
import { lockSql, transaction } from './connections.ts'
import { createBatches } from './batches.ts'
import type { Queries, Value } from './queries.ts'
import { tables } from '../../names.ts'

export function postgresRefreshTokens(
  queries: Queries,
  pool: Pool,
): RefreshTokenStore<AdapterPayload> {
  const { first, run } = queries
  const insert = run(
    'insert_refresh_token',
    `INSERT INTO ${tables.refreshTokens} (${refreshTokenColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
  )
  const find = first('find_refresh_token', `SELECT * FROM ${tables.refreshTokens} WHERE id = $1`)
  const supersede = createBatches<Supersession, boolean>({
    keyOf: ({ id }) => id,
    run: supersessions(queries),
  })
  const markUsed = run(
    'mark_used',
    `UPDATE ${tables.refreshTokens} SET first_used_at = $2
     WHERE id = $1 AND first_used_at IS NULL`,
  )

  return {
    async insert(record) {
      await insert(...refreshTokenValues(record))
    },
    async find(id) {
      return refreshTokenFrom(await find(id))
    },
    async supersede(id, successor, supersededAtEpochSeconds) {
      const values = refreshTokenValues(successor)
      if (await supersede({ id, values: [...values, id, supersededAtEpochSeconds] })) {
        return 'superseded'
      }
      return (await find(id)) === undefined ? 'missing' : 'already-superseded'
    },
    async markUsed(id, firstUsedAtEpochSeconds) {
      await markUsed(id, firstUsedAtEpochSeconds)
    },
    async revokeFamily(familyId) {
      await transaction(pool, async (client) => {
        // One revocation of a family at a time, because two could deadlock on its rows.
        await client.query(lockSql, [familyId])
        // A concurrent rotation holds the row of the predecessor, so the DELETE waits for it. It
        // does not see the successor, which was inserted after it began, but the next DELETE does.
        // When a DELETE finds no row, no rotation can add one.
        const sql = `DELETE FROM ${tables.refreshTokens} WHERE family_id = $1`
        while (((await client.query(sql, [familyId])).rowCount ?? 0) > 0);
      })
    },
  }
}

/** One exchange, with the values of its copy of the statement. */
interface Supersession {
  readonly id: string
  readonly values: readonly Value[]
}

/**
 * One statement is one transaction. The loser of a race waits for the winner's row lock, checks the
 * condition again and finds it false.
 */
function supersessions({ copied }: Queries) {
  const query = copied('supersede', (copies) => {
    const pairs = copies.map(
      (parameter, copy) => `
        marked${copy} AS (
          UPDATE ${tables.refreshTokens}
          SET superseded_at = ${parameter(9)}, successor_id = ${parameter(1)}
          WHERE id = ${parameter(8)} AND superseded_at IS NULL RETURNING id
        ), stored${copy} AS (
          INSERT INTO ${tables.refreshTokens} (${refreshTokenColumns})
          SELECT ${parameter(1)}, ${parameter(2)}, ${parameter(3)}, ${parameter(4)}::bigint,
            ${parameter(5)}::bigint, ${parameter(6)}::bigint, ${parameter(7)}
          FROM marked${copy} RETURNING 1
        )`,
    )
    const results = copies.map((_, copy) => `SELECT id FROM marked${copy}`)
    return `WITH ${pairs.join(', ')} ${results.join(' UNION ALL ')}`
  })
  return async (items: readonly Supersession[]): Promise<readonly boolean[]> => {
    const superseded = new Set((await query(items.map(({ values }) => values))).map(({ id }) => id))
    return items.map(({ id }) => superseded.has(id))
  }
}

export function postgresRefreshReads({ copied }: Queries): Store['findForRefresh'] {
  const query = copied('find_for_refresh', (copies) =>
    copies
      .map(
        (parameter, copy) => `
          SELECT ${copy} AS copy, ${refreshReadsColumns} FROM (SELECT 1) AS one
          LEFT JOIN ${tables.artifacts} AS c ON c.model = 'Client' AND c.id = ${parameter(1)}
          LEFT JOIN ${tables.refreshTokens} AS t ON t.id = ${parameter(2)}
          LEFT JOIN ${tables.artifacts} AS g ON g.model = 'Grant' AND g.id = t.family_id
          LEFT JOIN ${tables.accounts} AS a ON a.id = t.account_id`,
      )
      .join(' UNION ALL '),
  )
  const find = createBatches<readonly string[], Row | undefined>({
    keyOf: (ids) => ids.join(' '),
    async run(items) {
      const rows = new Map((await query(items)).map((row) => [row['copy'], row]))
      return items.map((_, copy) => rows.get(copy))
    },
  })
  return async (clientId, refreshTokenId) => {
    // Postgres refuses NUL in any text, so nothing is stored for such a client.
    const isStorable = !clientId.includes('\0')
    return refreshReadsFrom(isStorable ? await find([clientId, refreshTokenId]) : undefined)
  }
}

export function postgresActiveGrants({ all }: Queries): Store['listActiveGrants'] {
  const live = all(
    'live_refresh_tokens',
    `SELECT * FROM ${tables.refreshTokens}
     WHERE account_id = $1 AND superseded_at IS NULL AND expires_at > $2
     ORDER BY issued_at DESC`,
  )
  return async (accountId, nowEpochSeconds) =>
    (await live(accountId, nowEpochSeconds)).map((row) => activeGrantFrom(row))
}
