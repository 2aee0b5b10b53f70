import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { LockOptions, LockOutcome, RecordName, RecordStore } from '../stores/store.ts'
import type { Grant, GrantIdentity } from './grant.ts'
import { grantId } from './grant.ts'
import { parseGrant, serializeGrant, unreadableRecord } from './grant-record.ts'

/** A grant and the generation at which it was read or written. */
export interface StoredGrant {
  readonly grant: Grant
  readonly generation: number
}

/** One grant's record in a store, read and written as a {@link Grant}. */
export interface GrantRepository {
  readonly identity: GrantIdentity
  /**
   * @throws EvergrantClientError `RECORD_UNREADABLE`, `TOKEN_STORE_UNAVAILABLE`
   */
  read(): Promise<StoredGrant | undefined>
  /**
   * Writes if the stored generation is still `expectedGeneration` (0: no record). Resolves with
   * `undefined` on a conflict.
   *
   * @throws EvergrantClientError `TOKEN_STORE_WRITE_FAILED`
   */
  write(grant: Grant, expectedGeneration: number): Promise<StoredGrant | undefined>
  lock(options: LockOptions): Promise<LockOutcome>
}

/** Opens the record of one grant. */
export async function grantRepository(
  store: RecordStore,
  identity: GrantIdentity,
  clock: Clock,
): Promise<GrantRepository> {
  const name: RecordName = { kind: 'grant', id: await grantId(identity) }

  return {
    identity,
    async read() {
      const stored = await storeRead(store, name)
      if (stored === undefined) return undefined
      const parsed = parseGrant(stored, identity, clock.nowEpochSeconds())
      if ('grant' in parsed) return { grant: parsed.grant, generation: stored.generation }
      // A record of a later version belongs to a newer installation, so it stays in place.
      if (parsed.unreadable !== 'later-version') await store.setAside(name, stored.generation)
      throw unreadableRecord(name, parsed.unreadable, parsed.detail)
    },
    async write(grant, expectedGeneration) {
      const body = serializeGrant(grant, clock.nowEpochSeconds())
      const written = await storeWrite(store, name, body, expectedGeneration)
      if (written.outcome === 'conflict') return undefined
      return { grant, generation: written.generation }
    },
    async lock(options) {
      try {
        return await store.lock(name, options)
      } catch (cause) {
        if (options.signal?.aborted) throw cause
        return { outcome: 'unavailable', reason: 'the store failed to lock', cause }
      }
    },
  }
}

/** Writes a record, and throws an error that names the failed operation. */
export async function storeWrite(
  store: RecordStore,
  name: RecordName,
  body: string,
  expectedGeneration: number,
): ReturnType<RecordStore['write']> {
  try {
    return await store.write(name, body, expectedGeneration)
  } catch (cause) {
    throw new EvergrantClientError(
      'TOKEN_STORE_WRITE_FAILED',
      `The token store could not save a record of the kind "${name.kind}". Check its disk space and permissions.`,
      { cause },
    )
  }
}

/** Reads a record, and throws an error that names the failed operation. */
export async function storeRead(
  store: RecordStore,
  name: RecordName,
): ReturnType<RecordStore['read']> {
  try {
    return await store.read(name)
  } catch (cause) {
    if (EvergrantClientError.is(cause)) throw cause
    throw new EvergrantClientError(
      'TOKEN_STORE_UNAVAILABLE',
      `The token store could not read a record of the kind "${name.kind}". Nothing was sent. Check that the store is reachable and readable.`,
      { cause },
    )
  }
}
