import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import { artifactColumns, artifactFrom, artifactValues } from '../rows.ts'
import type { Statements } from './statements.ts'

export function sqliteArtifacts({ first, run }: Statements): ArtifactStore {
  const put = run(
    `INSERT OR REPLACE INTO artifacts (${artifactColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const add = run(
    `INSERT INTO artifacts (${artifactColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (model, id) DO NOTHING`,
  )
  const find = first('SELECT * FROM artifacts WHERE model = ? AND id = ?')
  const findByKey = first('SELECT * FROM artifacts WHERE model = ? AND lookup_key = ?')
  const consume = run(
    'UPDATE artifacts SET consumed_at = ? WHERE model = ? AND id = ? AND consumed_at IS NULL',
  )
  const extend = run(
    'UPDATE artifacts SET expires_at = max(expires_at, ?) WHERE model = ? AND id = ?',
  )
  const remove = run('DELETE FROM artifacts WHERE model = ? AND id = ?')
  const removeByGrant = run('DELETE FROM artifacts WHERE grant_id = ? AND model = ?')

  return {
    async put(model, id, artifact) {
      put(...artifactValues(model, id, artifact))
    },
    async add(model, id, artifact) {
      return add(...artifactValues(model, id, artifact)) === 1
    },
    async find(model, id) {
      return artifactFrom(find(model, id))
    },
    async findByLookupKey(model, lookupKey) {
      return artifactFrom(findByKey(model, lookupKey))
    },
    async consume(model, id, consumedAtEpochSeconds) {
      return consume(consumedAtEpochSeconds, model, id) === 1
    },
    async extend(model, id, expiresAtEpochSeconds) {
      return extend(expiresAtEpochSeconds, model, id) === 1
    },
    async delete(model, id) {
      remove(model, id)
    },
    async deleteByGrant(model, grantId) {
      removeByGrant(grantId, model)
    },
  }
}
