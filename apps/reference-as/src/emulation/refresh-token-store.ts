import type { RefreshTokenRecord, RefreshTokenStore } from '@evergrant/authorization-server'
import type { Emulation } from './emulation.ts'

/**
 * A store that shows superseded tokens as a profile needs them: where reuse is refused, a superseded
 * token is not there, so that its family stays; where it is accepted, it looks as if it were new,
 * and leads to its successor once more.
 */
export function emulateReuse<Data>(
  store: RefreshTokenStore<Data>,
  reuse: Emulation['reuse'],
): RefreshTokenStore<Data> {
  if (reuse === 'as-it-comes') return store

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
