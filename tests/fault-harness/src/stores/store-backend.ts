import type { NetworkLine } from './network-line.ts'
import type { StoreDescription } from './store-kind.ts'

/** The storage behind one testbed's records, with the controls that the harness needs. */
export interface StoreBackend {
  /** How one process reaches the store. `line` is the proxy in between, for databases. */
  reach(): Promise<Reach>
  /** Makes all stored records older by `seconds`, for stores that use their own clock. */
  age(seconds: number): Promise<void>
  /** The number of damaged records that were set aside. */
  setAside(): Promise<number>
  /** Counts half-written files before and after the store is opened. 0 for databases. */
  leftoversAfterSweep(): Promise<{ readonly before: number; readonly after: number }>
  /** Makes the database refuse all record writes, or accept them again. Not for the file store. */
  refuseWrites(refused: boolean): Promise<void>
  /** Removes everything that this testbed wrote. */
  close(): Promise<void>
}

export interface Reach {
  readonly description: StoreDescription
  readonly line: NetworkLine | undefined
}

/** Options of {@link startBackend}. */
export interface BackendOptions {
  /** A new, empty folder that only this testbed uses. */
  readonly folder: string
  readonly keyFile: string
  /** Time limit for one statement. Default: the store's. */
  readonly storeTimeoutMilliseconds?: number
}
