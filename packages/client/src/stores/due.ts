import type { EvergrantClientError } from '../lib/errors.ts'
import type { StoredRecord } from './stored-record.ts'

/** The time of a grant that needs no attention until it is written again. */
export const neverDue: number = Number.POSITIVE_INFINITY

/** What one claim takes. */
export interface ClaimOptions {
  /** The largest number of grants, 1 or more. */
  readonly limit: number
  /**
   * How long no other claim returns these grants, in seconds. A claim is not a lock: it only keeps
   * workers from the same work. A grant whose worker was killed is due again after this time.
   */
  readonly claimSeconds: number
}

/** A grant that is due. */
export type ClaimedGrant = {
  readonly id: string
  /** How long ago it was due, in seconds. 0 if its time was not known. */
  readonly lateSeconds: number
} & (
  | { readonly record: StoredRecord; readonly unreadable?: never }
  /**
   * The record cannot be opened: it is of a later version, encrypted with another key, or damaged. A
   * damaged one was set aside, unless that failed too.
   */
  | {
      readonly record?: never
      readonly unreadable: { readonly generation: number; readonly error: EvergrantClientError }
    }
)

/** The result of a claim. */
export interface Claim {
  /** The most overdue first. */
  readonly grants: readonly ClaimedGrant[]
  /**
   * When the next of the other grants is due, in seconds from now: 0 if one is due already,
   * `Infinity` if none is known.
   */
  readonly nextDueInSeconds: number
}

/** How much work waits. */
export interface DueBacklog {
  /** How many grants are due now. Stores may stop counting at 100,000. */
  readonly grants: number
  /** How long the most overdue grant has been due, in seconds; 0 if none is due. */
  readonly lateSeconds: number
}

/**
 * Which grants need attention when, so that workers need not read every record. The store knows only
 * the time of a grant; the rest of the record stays encrypted.
 *
 * Times are relative, by the clock of the store. A time belongs to the generation it was set for. If
 * a process that knows no due times writes the record, the grant is due at once, and the next worker
 * sets its time.
 */
export interface DueIndex {
  /**
   * Takes grants that are due, and makes them due again after `claimSeconds`. Concurrent claims
   * return different grants.
   */
  claim(options: ClaimOptions): Promise<Claim>
  /**
   * Sets when a grant is due, if its generation is `generation`. The record, its generation and its
   * age stay.
   *
   * @param dueInSeconds - From now. `Infinity`: not until the record is written again.
   */
  set(id: string, generation: number, dueInSeconds: number): Promise<void>
  /** Counts the grants that are due. */
  backlog(): Promise<DueBacklog>
}
