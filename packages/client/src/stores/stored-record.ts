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
