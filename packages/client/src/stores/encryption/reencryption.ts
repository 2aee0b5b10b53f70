import type { RecordStore } from '../store.ts'

/** One page of a re-encryption. */
export interface ReencryptionPage {
  /** The position that the page before returned; `undefined` for the first page. */
  readonly after: string | undefined
  /** The largest number of records to re-encrypt. */
  readonly limit: number
}

/** What happened to the records of a page. */
export interface ReencryptedPage {
  readonly reencrypted: number
  /** Records that another process wrote in the meantime. They were not changed. */
  readonly replaced: number
  /** Records that no key of this store opens. They were not changed. */
  readonly unreadable: number
  /** Where the next page begins; `undefined` after the last page. */
  readonly next: string | undefined
}

/** A store whose records are encrypted with a key, or with the newest of several keys. */
export interface EncryptedRecordStore extends RecordStore {
  readonly encryption: RecordEncryption
}

/** The encryption of a store. `reencryptRecords` uses it. */
export interface RecordEncryption {
  /** The IDs of the keys. Records are encrypted with the first key. */
  readonly keyIds: readonly [string, ...string[]]
  /**
   * Encrypts records of older keys with the newest key. Their generation, age and due time stay, and
   * a record that another process writes at the same time is not overwritten.
   */
  reencryptPage(page: ReencryptionPage): Promise<ReencryptedPage>
}
