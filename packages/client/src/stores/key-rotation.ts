import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { EncryptedRecordStore } from './encryption/reencryption.ts'

export { storeKeyId } from './encryption/record-cipher.ts'
export type { StoreKeys } from './encryption/record-cipher.ts'
export type {
  EncryptedRecordStore,
  RecordEncryption,
  ReencryptedPage,
  ReencryptionPage,
} from './encryption/reencryption.ts'

/** How far a re-encryption is. */
export interface ReencryptionProgress {
  /** Records that were encrypted with the newest key. */
  readonly reencrypted: number
  /** Which pass through the records runs. */
  readonly pass: number
}

/** The result of {@link reencryptRecords}. */
export interface ReencryptionResult extends ReencryptionProgress {
  /**
   * Records that no key of the store opens, in the last pass: damaged ones, and those of another
   * installation. They were not changed.
   */
  readonly unreadable: number
  /**
   * Whether the last pass found no record of an older key of the list. Then you can remove the older
   * keys. It is `false` if a process still encrypts with an older key.
   */
  readonly complete: boolean
}

/** Options of {@link reencryptRecords}. */
export interface ReencryptRecordsOptions {
  /** The largest number of records to encrypt per second. Default 200. */
  readonly recordsPerSecond?: number | undefined
  /** Ends the re-encryption. You can start it again later. */
  readonly signal?: AbortSignal | undefined
  /** Receives the progress after each page. */
  readonly observe?: ((progress: ReencryptionProgress) => void) | undefined
  readonly clock?: Clock | undefined
}

/** Each page is one or two commands of a database. A longer one would hold up other writes. */
const largestPage = 100
/**
 * A pass that finds records of an older key is followed by another one. After this many, a process
 * still encrypts with an older key.
 */
const maximumPasses = 5

/**
 * Encrypts all records of a store with its newest key, the first of the list, while other processes
 * use the store. The generation, the age and the due time of a record stay, so no other process
 * notices. A record that is written at the same time is not overwritten.
 *
 * You can end the call at any time and start it again: it skips the records that have the newest key.
 * Several machines may run it at once.
 *
 * @param store - A store of `fileStore`, `postgresStore` or `redisStore`, with a list of keys.
 * @throws EvergrantClientError `INVALID_OPTION`, `TOKEN_STORE_UNAVAILABLE`; the reason of the signal.
 * @example
 * const store = postgresStore(pool, { key: [newKey, oldKey] })
 * const { complete } = await reencryptRecords(store)
 */
export async function reencryptRecords(
  store: EncryptedRecordStore,
  options: ReencryptRecordsOptions = {},
): Promise<ReencryptionResult> {
  const { recordsPerSecond = 200, signal, observe, clock = systemClock } = options
  if (!(recordsPerSecond > 0)) {
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The option "recordsPerSecond" cannot be used: ${recordsPerSecond} (expected a number above 0). Correct it.`,
    )
  }
  const limit = Math.min(largestPage, Math.max(1, Math.floor(recordsPerSecond)))
  let reencrypted = 0
  for (let pass = 1; ; pass += 1) {
    let others = 0
    let unreadable = 0
    let after: string | undefined
    do {
      signal?.throwIfAborted()
      const startedAt = clock.nowEpochSeconds()
      const page = await store.encryption.reencryptPage({ after, limit })
      after = page.next
      reencrypted += page.reencrypted
      others += page.reencrypted + page.replaced
      unreadable += page.unreadable
      observe?.({ reencrypted, pass })
      const tried = page.reencrypted + page.replaced
      // A clock that is set back must not prolong the pause.
      const elapsed = Math.max(0, clock.nowEpochSeconds() - startedAt)
      const seconds = tried / recordsPerSecond - elapsed
      if (seconds > 0) await clock.sleep(seconds * 1000, signal)
    } while (after !== undefined)
    if (others === 0 || pass === maximumPasses) {
      return { reencrypted, pass, unreadable, complete: others === 0 }
    }
  }
}
