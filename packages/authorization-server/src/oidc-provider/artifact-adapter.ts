import { hash } from 'node:crypto'
import { errors, Provider } from 'oidc-provider'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { Clock } from '../lib/clock.ts'
import type { ArtifactStore, StoredArtifact } from './artifact-store.ts'

/** What the adapters of artifacts need. */
export interface ArtifactAdapterDependencies {
  readonly artifacts: ArtifactStore
  readonly clock: Clock
}

/** Models whose IDs are not credentials. Every other ID is hashed before it reaches the store. */
const publicIds = new Set(['Client', 'Grant'])

/** The storage key of an ID that is a credential. */
export function credentialId(id: string): string {
  return hash('sha256', id, 'base64url')
}

/** Storage for one model of the engine other than refresh tokens. */
export function createArtifactAdapter(
  model: string,
  { artifacts, clock }: ArtifactAdapterDependencies,
): Adapter {
  const isPublic = publicIds.has(model)
  const storageId = (id: string) => (isPublic ? id : (referencedId(id) ?? credentialId(id)))

  return {
    async upsert(id, payload, expiresIn) {
      const { jti: _jti, ...rest } = payload
      await artifacts.put(model, storageId(id), {
        payload: isPublic
          ? payload
          : // A device code is also found by its user code, and then saved.
            withoutCookie(
              payload.userCode === undefined ? rest : { ...rest, recordId: storageId(id) },
            ),
        expiresAtEpochSeconds:
          expiresIn === undefined ? undefined : clock.nowEpochSeconds() + expiresIn,
        grantId: payload.grantId,
        lookupKey: payload.uid ?? payload.userCode,
      })
    },
    async find(id) {
      // A client that presents a reference instead of its code must not find anything.
      if (!isPublic && referencedId(id) !== undefined && !isOnPage()) return undefined
      const artifact = await artifacts.find(model, storageId(id))
      return artifact === undefined ? undefined : { ...fromArtifact(artifact), jti: id }
    },
    // The ID cannot be restored from its hash. The engine only reads what it finds this way.
    async findByUid(uid) {
      const artifact = await artifacts.findByLookupKey(model, uid)
      return artifact === undefined ? undefined : fromArtifact(artifact)
    },
    // The engine saves what it finds this way, so it needs an ID that leads to the same record.
    async findByUserCode(userCode) {
      const artifact = await artifacts.findByLookupKey(model, userCode)
      if (artifact === undefined) return undefined
      const { recordId, ...payload } = fromArtifact(artifact)
      return { ...payload, jti: `${referencePrefix}${String(recordId)}` }
    },
    // The engine reads first and consumes later. A request that loses the race must stop here.
    async consume(id) {
      if (await artifacts.consume(model, storageId(id), clock.nowEpochSeconds())) return
      throw new errors.InvalidGrant('already used by a concurrent request')
    },
    async destroy(id) {
      await artifacts.delete(model, storageId(id))
    },
    async revokeByGrantId(grantId) {
      await artifacts.deleteByGrant(model, grantId)
    },
  }
}

/** Stands for a record whose ID is a credential, on the pages of the device grant. */
const referencePrefix = 'record:'

function referencedId(id: string): string | undefined {
  return id.startsWith(referencePrefix) ? id.slice(referencePrefix.length) : undefined
}

/** Whether a user's page is served, where the engine reads a device code by what it kept. */
function isOnPage(): boolean {
  const route = Provider.ctx?.oidc.route
  return route === 'code_verification' || route === 'device_resume'
}

function fromArtifact({ payload, consumedAtEpochSeconds }: StoredArtifact): AdapterPayload {
  return consumedAtEpochSeconds === undefined
    ? payload
    : { ...payload, consumed: consumedAtEpochSeconds }
}

/** An interaction holds a copy of the session's cookie value, which the engine never reads. */
function withoutCookie(payload: AdapterPayload): AdapterPayload {
  const { session } = payload
  if (session === undefined) return payload
  return { ...payload, session: { ...session, cookie: '' } }
}
