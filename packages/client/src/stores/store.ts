import type { DueIndex } from './due.ts'

export type { Claim, ClaimedGrant, ClaimOptions, DueBacklog, DueIndex } from './due.ts'

/**
 * What a record holds: a grant with its tokens, which grant serves which server, a client
 * registration, an unfinished sign-in, the health of an authorization server, or a token that is to
 * be revoked.
 */
export type RecordKind =
  | 'grant'
  | 'binding'
  | 'registration'
  | 'authorization'
  | 'authorization-server'
  | 'revocation'

/** The name of a record. `id` is lower-case hexadecimal, so it is safe in file names and keys. */
export interface RecordName {
  readonly kind: RecordKind
  readonly id: string
}

/** A record as the store keeps it. The store does not interpret `body`. */
export interface StoredRecord {
  /** The number of writes of this record. Two different bodies never share a generation. */
  readonly generation: number
  readonly body: string
  /**
   * How long ago the record was written, in seconds by the clock of the store. Stores that several
   * machines share provide it, so that a lifetime does not depend on the clocks of the machines.
   */
  readonly ageSeconds?: number
}

/** The outcome of a conditional write. */
export type WriteOutcome =
  | { readonly outcome: 'written'; readonly generation: number }
  /** The stored generation was not the expected one. Nothing was written. */
  | { readonly outcome: 'conflict' }

/** A lock that is held. */
export interface HeldLock {
  /**
   * Whether the lock is still held, as far as the store knows without waiting. A lock of the kernel
   * or of a database connection stays held. A lease can run out.
   */
  isHeld(): boolean
  /**
   * The last time when a process may have relied on a lock that was lost, as far as the store knows:
   * its server was started or replaced, or its connection failed. Such a process may still be waiting
   * for a response, so a journal that is older than this may belong to a request that is still under
   * way.
   */
  readonly dropped?: { readonly secondsAgo: number } | undefined
  /** Releases the lock. Safe to call twice; never throws. */
  release(): Promise<void>
}

/**
 * The outcome of an attempt to lock. `busy`: another holder has the lock. `unavailable`: the store
 * cannot lock.
 */
export type LockOutcome =
  | { readonly outcome: 'acquired'; readonly lock: HeldLock }
  | { readonly outcome: 'busy'; readonly holder?: string }
  | { readonly outcome: 'unavailable'; readonly reason: string; readonly cause?: unknown }

/** How long to wait for a lock. */
export interface LockOptions {
  /** The outcome is `busy` after this many milliseconds. Default 0: one attempt. */
  readonly waitMilliseconds?: number
  readonly signal?: AbortSignal
}

/**
 * Stores grants between calls, processes and machines.
 *
 * Every write is a compare-and-set on the generation, so no process overwrites what it has not read.
 * If you write your own store, check it with `storeContract` of `@evergrant/client/stores/contract`.
 */
export interface RecordStore {
  /** Reads a record. Resolves with `undefined` if it is absent, and rejects if the store fails. */
  read(name: RecordName): Promise<StoredRecord | undefined>
  /**
   * Writes the record durably if its stored generation is `expectedGeneration` (0: it must not
   * exist). After this resolves with `written`, a crash does not lose the record.
   *
   * @param dueInSeconds - Grants only: when the grant is due, see {@link DueIndex}. Without it, the
   *   grant is due at once.
   */
  write(
    name: RecordName,
    body: string,
    expectedGeneration: number,
    dueInSeconds?: number,
  ): Promise<WriteOutcome>
  /** Removes the record if its stored generation is `expectedGeneration`. */
  remove(name: RecordName, expectedGeneration: number): Promise<'removed' | 'conflict'>
  /** The IDs of all records of a kind, in no particular order. */
  list(kind: RecordKind): AsyncIterable<string>
  /**
   * Moves an unusable record to another name, where an operator finds it, if its stored generation is
   * `expectedGeneration`. Otherwise it was replaced, and nothing is done.
   */
  setAside(name: RecordName, expectedGeneration: number): Promise<void>
  /** Which grants are due. */
  readonly due: DueIndex
  /** Takes the lock of a record. It ends when its holder dies. */
  lock(name: RecordName, options?: LockOptions): Promise<LockOutcome>
  /** Releases locks, connections and files. Records stay, unless they are only in memory. */
  close(): Promise<void>
}
