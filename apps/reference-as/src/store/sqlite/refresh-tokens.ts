import type { RefreshTokenStore } from '@evergrant/authorization-server'
import type { AdapterPayload } from 'oidc-provider'
import type { GroupCommit } from '../group-commit.ts'
import {
  activeGrantFrom,
  refreshTokenColumns,
  refreshReadsColumns,
  refreshReadsFrom,
  refreshTokenFrom,
  refreshTokenValues,
} from '../rows.ts'
import type { Store } from '../store.ts'
import type { Statements } from './statements.ts'

/** @param commits - Commits exchanges of concurrent requests together. */
export function sqliteRefreshTokens(
  { first, run }: Statements,
  commits: GroupCommit,
): RefreshTokenStore<AdapterPayload> {
  const insert = run(
    `INSERT INTO refresh_tokens (${refreshTokenColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const find = first('SELECT * FROM refresh_tokens WHERE id = ?')
  const markSuperseded = run(
    `UPDATE refresh_tokens SET superseded_at = ?, successor_id = ?
     WHERE id = ? AND superseded_at IS NULL`,
  )
  const markUsed = run(
    'UPDATE refresh_tokens SET first_used_at = ? WHERE id = ? AND first_used_at IS NULL',
  )
  const removeFamily = run('DELETE FROM refresh_tokens WHERE family_id = ?')

  return {
    async insert(record) {
      insert(...refreshTokenValues(record))
    },
    async find(id) {
      return refreshTokenFrom(find(id))
    },
    async supersede(id, successor, supersededAtEpochSeconds) {
      return await commits.enqueue(() => {
        if (markSuperseded(supersededAtEpochSeconds, successor.id, id) === 1) {
          insert(...refreshTokenValues(successor))
          return 'superseded'
        }
        return find(id) === undefined ? 'missing' : 'already-superseded'
      })
    },
    async markUsed(id, firstUsedAtEpochSeconds) {
      markUsed(firstUsedAtEpochSeconds, id)
    },
    async revokeFamily(familyId) {
      removeFamily(familyId)
    },
  }
}

export function sqliteRefreshReads({ first }: Statements): Store['findForRefresh'] {
  const read = first(
    `SELECT ${refreshReadsColumns} FROM (SELECT 1)
     LEFT JOIN artifacts AS c ON c.model = 'Client' AND c.id = ?
     LEFT JOIN refresh_tokens AS t ON t.id = ?
     LEFT JOIN artifacts AS g ON g.model = 'Grant' AND g.id = t.family_id
     LEFT JOIN accounts AS a ON a.id = t.account_id`,
  )
  return async (clientId, refreshTokenId) => refreshReadsFrom(read(clientId, refreshTokenId))
}

export function sqliteActiveGrants({ all }: Statements): Store['listActiveGrants'] {
  const live = all(
    `SELECT * FROM refresh_tokens
     WHERE account_id = ? AND superseded_at IS NULL AND expires_at > ?
     ORDER BY issued_at DESC`,
  )
  return async (accountId, nowEpochSeconds) =>
    live(accountId, nowEpochSeconds).map((row) => activeGrantFrom(row))
}
