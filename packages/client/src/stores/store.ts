/**
 * What a record holds: a grant with its tokens, which grant serves which server, a client
 * registration, a sign-in under way, how an authorization server is doing, or a token that is
 * still to be revoked.
 */
export type RecordKind =
  | 'grant'
  | 'binding'
  | 'registration'
  | 'authorization'
  | 'authorization-server'
  | 'revocation'

/** Names one record. `id` is lower-case hexadecimal, so that it is safe as a file name or a key. */
export interface RecordName {
  readonly kind: RecordKind
  readonly id: string
}

/** A record as the store keeps it. The store never looks into `body`. */
export interface StoredRecord {
  /** Counts the writes of this record, from 1. Two different bodies never share a generation. */
  readonly generation: number
  readonly body: string
  /**
   * How long ago the record was written, in seconds by the store's own clock. Stores that several
   * machines share give it, so that a lifetime can be told without comparing machine clocks.
   */
  readonly ageSeconds?: number
}

/** How a conditional write went. */
export type WriteOutcome =
  | { readonly outcome: 'written'; readonly generation: number }
  /** The stored generation was another than expected; nothing was written. */
  | { readonly outcome: 'conflict' }

/** A lock that is held. */
export interface HeldLock {
  /**
   * Whether the lock is still held as far as the store can tell without waiting. A lock that the
   * kernel or a database connection holds stays held; a lease can run out.
   */
  isHeld(): boolean
  /** Gives the lock back. Safe to call twice; never throws. */
  release(): Promise<void>
}

/**
 * How an attempt to lock went. Busy and unavailable are different answers: somebody else is at
 * work, or nobody can know who is.
 */
export type LockOutcome =
  | { readonly outcome: 'acquired'; readonly lock: HeldLock }
  | { readonly outcome: 'busy'; readonly holder?: string }
  | { readonly outcome: 'unavailable'; readonly reason: string; readonly cause?: unknown }

/** How long to wait for a lock. */
export interface LockOptions {
  /** Give up with `busy` after this many milliseconds. Default 0: one attempt. */
  readonly waitMilliseconds?: number
  readonly signal?: AbortSignal
}

/**
 * Where grants live between calls, processes and machines.
 *
 * Every write is a compare-and-set on the generation, so that nobody overwrites what they have
 * not read. `storeContract` in `@evergrant/client/stores/contract` checks a store of
 * your own against all that is promised here.
 */
export interface RecordStore {
  /** Reads a record, or `undefined` where there is none. Rejects when the store cannot tell. */
  read(name: RecordName): Promise<StoredRecord | undefined>
  /**
   * Writes the record durably if its stored generation is `expectedGeneration` (0: it must not
   * exist). When this resolves with `written`, a crash no longer loses the record.
   */
  write(name: RecordName, body: string, expectedGeneration: number): Promise<WriteOutcome>
  /** Removes the record if its stored generation is `expectedGeneration`. */
  remove(name: RecordName, expectedGeneration: number): Promise<'removed' | 'conflict'>
  /** The IDs of all records of a kind, in no particular order. */
  list(kind: RecordKind): AsyncIterable<string>
  /**
   * Keeps a record of no use where a person can find it and frees its name, if its stored
   * generation is `expectedGeneration`. Else somebody has written anew, and nothing is done.
   */
  setAside(name: RecordName, expectedGeneration: number): Promise<void>
  /** Takes the lock named after a record. It dies with its holder. */
  lock(name: RecordName, options?: LockOptions): Promise<LockOutcome>
  /** Gives back connections and files. Records stay, unless they are only in memory. */
  close(): Promise<void>
}
