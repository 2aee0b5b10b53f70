import type { RefreshTimingOptions } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type {
  LockOptions,
  LockOutcome,
  RecordName,
  RecordStore,
  StoredRecord,
} from '../stores/store.ts'
import type { Grant, GrantIdentity } from './grant.ts'
import { parseGrant, serializeGrant, unreadableRecord } from './grant-record.ts'
import { dueInSeconds } from './next-refresh.ts'

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
  /**
   * Parses a record of this grant that was read just now.
   *
   * @throws EvergrantClientError `RECORD_UNREADABLE`, `TOKEN_STORE_UNAVAILABLE`
   */
  open(stored: StoredRecord): Promise<StoredGrant>
  lock(options: LockOptions): Promise<LockOutcome>
}

/** What a repository is made from. */
export interface GrantRepositoryOptions {
  readonly store: RecordStore
  readonly clock: Clock
  /** When a grant that is written is due. */
  readonly timing: RefreshTimingOptions
}

/**
 * Opens the record of one grant.
 *
 * @param id - The ID of the record: `grantId(identity)`.
 */
export function grantRepository(
  identity: GrantIdentity,
  id: string,
  { store, clock, timing }: GrantRepositoryOptions,
): GrantRepository {
  const name: RecordName = { kind: 'grant', id }

  async function open(stored: StoredRecord): Promise<StoredGrant> {
    const parsed = parseGrant(stored, identity, clock.nowEpochSeconds())
    if ('grant' in parsed) return { grant: parsed.grant, generation: stored.generation }
    // A record of a later version belongs to a newer installation, so it stays in place.
    if (parsed.unreadable !== 'later-version') await store.setAside(name, stored.generation)
    throw unreadableRecord(name, parsed.unreadable, parsed.detail)
  }

  return {
    identity,
    open,
    async read() {
      const stored = await storeRead(store, name)
      return stored && (await open(stored))
    },
    async write(grant, expectedGeneration) {
      const now = clock.nowEpochSeconds()
      const body = serializeGrant(grant, now)
      const dueIn = dueInSeconds(grant, timing, now)
      const written = await storeWrite(store, name, body, expectedGeneration, dueIn)
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
  dueIn?: number,
): ReturnType<RecordStore['write']> {
  try {
    return await store.write(name, body, expectedGeneration, dueIn)
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
