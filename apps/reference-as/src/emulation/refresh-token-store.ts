import type { RefreshTokenRecord, RefreshTokenStore } from '@evergrant/authorization-server'
import type { Emulation } from './emulation.ts'

/**
 * A store that shows superseded tokens as the emulation requires. When reuse is refused, a superseded
 * token is not found, so that its family stays valid. When reuse is accepted, a superseded token
 * looks live and leads to its successor again.
 */
export function emulateReuse<Data>(
  store: RefreshTokenStore<Data>,
  reuse: Emulation['reuse'],
): RefreshTokenStore<Data> {
  if (reuse === 'by-rule') return store

  async function shown(
    record: RefreshTokenRecord<Data>,
  ): Promise<RefreshTokenRecord<Data> | undefined> {
    if (reuse === 'refused') return undefined
    if (reuse === 'accepted') {
      const { supersededAtEpochSeconds: _at, successorId: _to, ...rest } = record
      return rest
    }
    const successor =
      record.successorId === undefined ? undefined : await store.find(record.successorId)
    return successor?.supersededAtEpochSeconds === undefined ? record : undefined
  }

  return {
    insert: (record) => store.insert(record),
    async find(id) {
      const record = await store.find(id)
      return record?.supersededAtEpochSeconds === undefined ? record : await shown(record)
    },
    supersede: (id, successor, at) => store.supersede(id, successor, at),
    markUsed: (id, at) => store.markUsed(id, at),
    revokeFamily: (familyId) => store.revokeFamily(familyId),
  }
}
