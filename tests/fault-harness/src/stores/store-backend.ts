import type { NetworkLine } from './network-line.ts'
import type { StoreDescription } from './store-kind.ts'

/** Where the records of one world are, and the harness's hands inside it. */
export interface StoreBackend {
  /** How one process reaches it; `line` is the network in between, where there is one. */
  reach(): Promise<Reach>
  /** Lets the store's own clock go on against all that is written already, where it has one. */
  age(seconds: number): Promise<void>
  /** How many damaged records were set aside. */
  setAside(): Promise<number>
  /** Half-written files; none in a database. */
  leftoversAfterSweep(): Promise<{ readonly before: number; readonly after: number }>
  /** Has the database refuse every write of a record, or no more. A file store has no such hand. */
  refuseWrites(refused: boolean): Promise<void>
  /** Removes everything that this world wrote. */
  close(): Promise<void>
}

export interface Reach {
  readonly description: StoreDescription
  readonly line: NetworkLine | undefined
}

/** What a database backend is made from. */
export interface BackendOptions {
  /** A new folder of this world's own. */
  readonly folder: string
  readonly keyFile: string
  /** The longest that one statement may take; without it, the store's own default. */
  readonly storeTimeoutMilliseconds?: number
}
