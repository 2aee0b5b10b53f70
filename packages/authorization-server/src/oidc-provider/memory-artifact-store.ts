import type { ArtifactStore, StoredArtifact } from './artifact-store.ts'

/**
 * An {@link ArtifactStore} in memory, for tests and for servers that may lose their sessions and
 * clients at a restart. It never removes expired artifacts, so do not use it in a long-running server.
 */
export function createMemoryArtifactStore(): ArtifactStore {
  const models = new Map<string, Map<string, StoredArtifact>>()

  function idsOf(model: string): Map<string, StoredArtifact> {
    const found = models.get(model) ?? new Map<string, StoredArtifact>()
    models.set(model, found)
    return found
  }

  // Each operation is atomic, because nothing is awaited between its reads and its writes.
  return {
    async put(model, id, artifact) {
      idsOf(model).set(id, artifact)
    },
    async add(model, id, artifact) {
      if (idsOf(model).has(id)) return false
      idsOf(model).set(id, artifact)
      return true
    },
    async find(model, id) {
      return idsOf(model).get(id)
    },
    async findByLookupKey(model, lookupKey) {
      return [...idsOf(model).values()].find((artifact) => artifact.lookupKey === lookupKey)
    },
    async consume(model, id, consumedAtEpochSeconds) {
      const artifact = idsOf(model).get(id)
      if (artifact === undefined || artifact.consumedAtEpochSeconds !== undefined) return false
      idsOf(model).set(id, { ...artifact, consumedAtEpochSeconds })
      return true
    },
    async extend(model, id, expiresAtEpochSeconds) {
      const artifact = idsOf(model).get(id)
      if (artifact === undefined) return false
      const { expiresAtEpochSeconds: end } = artifact
      // Without an end, it is kept until it is deleted.
      if (end !== undefined && end < expiresAtEpochSeconds) {
        idsOf(model).set(id, { ...artifact, expiresAtEpochSeconds })
      }
      return true
    },
    async delete(model, id) {
      idsOf(model).delete(id)
    },
    async deleteByGrant(model, grantId) {
      for (const [id, artifact] of idsOf(model)) {
        if (artifact.grantId === grantId) idsOf(model).delete(id)
      }
    },
  }
}
