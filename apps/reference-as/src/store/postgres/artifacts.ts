import type { ArtifactStore } from '@evergrant/authorization-server/oidc-provider'
import { artifactColumns, artifactFrom, artifactValues } from '../rows.ts'
import type { Queries } from './queries.ts'
import { tables } from '../../names.ts'

export function postgresArtifacts({ first, run }: Queries): ArtifactStore {
  const put = run(
    'put_artifact',
    `INSERT INTO ${tables.artifacts} (${artifactColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (model, id) DO UPDATE SET
       payload = excluded.payload, expires_at = excluded.expires_at, grant_id = excluded.grant_id,
       lookup_key = excluded.lookup_key, consumed_at = excluded.consumed_at`,
  )
  const add = run(
    'add_artifact',
    `INSERT INTO ${tables.artifacts} (${artifactColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (model, id) DO NOTHING`,
  )
  const find = first(
    'find_artifact',
    `SELECT * FROM ${tables.artifacts} WHERE model = $1 AND id = $2`,
  )
  const findByKey = first(
    'find_artifact_by_key',
    `SELECT * FROM ${tables.artifacts} WHERE model = $1 AND lookup_key = $2`,
  )
  const consume = run(
    'consume_artifact',
    `UPDATE ${tables.artifacts} SET consumed_at = $3 WHERE model = $1 AND id = $2 AND consumed_at IS NULL`,
  )
  const extend = run(
    'extend_artifact',
    `UPDATE ${tables.artifacts} SET expires_at =
       CASE WHEN expires_at IS NULL THEN NULL ELSE GREATEST(expires_at, $3::bigint) END
     WHERE model = $1 AND id = $2`,
  )
  const remove = run(
    'delete_artifact',
    `DELETE FROM ${tables.artifacts} WHERE model = $1 AND id = $2`,
  )
  const removeByGrant = run(
    'delete_artifacts_by_grant',
    `DELETE FROM ${tables.artifacts} WHERE model = $1 AND grant_id = $2`,
  )

  return {
    async put(model, id, artifact) {
      await put(...artifactValues(model, id, artifact))
    },
    async add(model, id, artifact) {
      return (await add(...artifactValues(model, id, artifact))) === 1
    },
    async find(model, id) {
      return artifactFrom(await find(model, id))
    },
    async findByLookupKey(model, lookupKey) {
      return artifactFrom(await findByKey(model, lookupKey))
    },
    async consume(model, id, consumedAtEpochSeconds) {
      return (await consume(model, id, consumedAtEpochSeconds)) === 1
    },
    async extend(model, id, expiresAtEpochSeconds) {
      return (await extend(model, id, expiresAtEpochSeconds)) === 1
    },
    async delete(model, id) {
      await remove(model, id)
    },
    async deleteByGrant(model, grantId) {
      await removeByGrant(model, grantId)
    },
  }
}
