import type { RefreshTokenRecord, RefreshTokenStore } from './refresh-token-store.ts'

/**
 * A {@link RefreshTokenStore} in memory, for tests and for servers that may lose their tokens at a
 * restart. It never removes expired records, so do not use it in a long-running server.
 */
export function createMemoryRefreshTokenStore<Data>(): RefreshTokenStore<Data> {
  const records = new Map<string, RefreshTokenRecord<Data>>()
  return {
    async insert(record) {
      records.set(record.id, record)
    },
    async find(id) {
      return records.get(id)
    },
    // Atomic, because nothing is awaited between the read and the write.
    async supersede(id, successor, supersededAtEpochSeconds) {
      const presented = records.get(id)
      if (presented === undefined) return 'missing'
      if (presented.supersededAtEpochSeconds !== undefined) return 'already-superseded'
      records.set(id, { ...presented, supersededAtEpochSeconds, successorId: successor.id })
      records.set(successor.id, successor)
      return 'superseded'
    },
    async markUsed(id, firstUsedAtEpochSeconds) {
      const record = records.get(id)
      if (record === undefined || record.firstUsedAtEpochSeconds !== undefined) return
      records.set(id, { ...record, firstUsedAtEpochSeconds })
    },
    async revokeFamily(familyId) {
      for (const [id, record] of records) {
        if (record.familyId === familyId) records.delete(id)
      }
    },
  }
}
