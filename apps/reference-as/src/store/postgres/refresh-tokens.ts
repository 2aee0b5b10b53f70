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
import type { Store } from '../store.ts'
import { lockSql, transaction } from './connections.ts'
import type { Queries } from './queries.ts'

export function postgresRefreshTokens(
  { first, run }: Queries,
  pool: Pool,
): RefreshTokenStore<AdapterPayload> {
  const insert = run(
    'insert_refresh_token',
    `INSERT INTO evergrant_as_refresh_tokens (${refreshTokenColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
  )
  const find = first(
    'find_refresh_token',
    'SELECT * FROM evergrant_as_refresh_tokens WHERE id = $1',
  )
  // One statement is one transaction. The loser of a race waits for the winner's row lock, checks the
  // condition again and finds it false.
  const supersede = run(
    'supersede',
    `WITH marked AS (
       UPDATE evergrant_as_refresh_tokens SET superseded_at = $9, successor_id = $1
       WHERE id = $8 AND superseded_at IS NULL RETURNING 1
     )
     INSERT INTO evergrant_as_refresh_tokens (${refreshTokenColumns})
     SELECT $1, $2, $3, $4::bigint, $5::bigint, $6::bigint, $7 FROM marked`,
  )
  const markUsed = run(
    'mark_used',
    `UPDATE evergrant_as_refresh_tokens SET first_used_at = $2
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
      if ((await supersede(...values, id, supersededAtEpochSeconds)) === 1) return 'superseded'
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
        const sql = 'DELETE FROM evergrant_as_refresh_tokens WHERE family_id = $1'
        while (((await client.query(sql, [familyId])).rowCount ?? 0) > 0);
      })
    },
  }
}

export function postgresRefreshReads({ first }: Queries): Store['findForRefresh'] {
  const read = first(
    'find_for_refresh',
    `SELECT ${refreshReadsColumns} FROM (SELECT 1) AS one
     LEFT JOIN evergrant_as_artifacts AS c ON c.model = 'Client' AND c.id = $1
     LEFT JOIN evergrant_as_refresh_tokens AS t ON t.id = $2
     LEFT JOIN evergrant_as_artifacts AS g ON g.model = 'Grant' AND g.id = t.family_id
     LEFT JOIN evergrant_as_accounts AS a ON a.id = t.account_id`,
  )
  return async (clientId, refreshTokenId) => refreshReadsFrom(await read(clientId, refreshTokenId))
}

export function postgresActiveGrants({ all }: Queries): Store['listActiveGrants'] {
  const live = all(
    'live_refresh_tokens',
    `SELECT * FROM evergrant_as_refresh_tokens
     WHERE account_id = $1 AND superseded_at IS NULL AND expires_at > $2
     ORDER BY issued_at DESC`,
  )
  return async (accountId, nowEpochSeconds) =>
    (await live(accountId, nowEpochSeconds)).map((row) => activeGrantFrom(row))
}
