import type { GuardedFetch } from '../guarded-fetch.ts'

/** A document as it was resolved. */
export interface ResolvedClientDocument<Document> {
  readonly document: Document
  /** The document as it came, for whoever parses it again. */
  readonly text: string
  /**
   * `fresh`: by the headers it came with; `fetched`: just now, or confirmed just now; `copy`: the
   * host does not answer, this is what it answered last.
   */
  readonly source: 'fresh' | 'fetched' | 'copy'
  /** For how many seconds it need not be resolved again. */
  readonly freshForSeconds: number
}

/** A document as it is kept: plain data, for any store. */
export interface KeptClientDocument {
  readonly text: string
  /** What HTTP says about caching it, as this package wrote it. */
  readonly policy: unknown
  /** When its host last confirmed it. */
  readonly confirmedAtEpochSeconds: number
}

/** Where documents are kept beyond the life of the process. */
export interface ClientDocumentStore {
  get(url: string): Promise<KeptClientDocument | undefined>
  /** May drop the document at `expiresAtEpochSeconds`: it is of no use after that. */
  set(url: string, document: KeptClientDocument, expiresAtEpochSeconds: number): Promise<void>
  delete(url: string): Promise<void>
}

/** Documents that clients publish under https URLs of theirs. */
export interface ClientDocuments<Document> {
  /**
   * The document at `url`: one that HTTP says is fresh, else what its host says, else, where the
   * host does not answer, what it said last. Of callers at the same time one asks.
   *
   * @throws {@link AuthorizationServerError} `CLIENT_DOCUMENT_UNAVAILABLE`,
   *   `CLIENT_DOCUMENT_INVALID`, `FETCH_REFUSED`.
   */
  resolve(url: string): Promise<ResolvedClientDocument<Document>>
  /**
   * Keeps the document that was resolved last in the store. For clients that get tokens: those that
   * are only asked about are kept nowhere, since anybody can name any number of URLs.
   */
  keep(url: string): Promise<void>
}

/** Options of {@link createClientMetadataDocuments} and {@link createClientKeySets}. */
export interface ClientDocumentOptions {
  /** Use {@link createGuardedFetch}: the URLs are a stranger's. */
  readonly fetch: GuardedFetch
  /** Default: none; documents then last as long as the process. */
  readonly store?: ClientDocumentStore | undefined
  /** Longest exchange. Default 5,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  /** Bounds for what HTTP says about freshness. Default 30 seconds to a day. */
  readonly freshSeconds?: { readonly minimum: number; readonly maximum: number } | undefined
  /** How long a failure is remembered; a failure is never prolonged by asking. Default 10. */
  readonly failureSeconds?: number | undefined
  /** How long after its last confirmation a copy stands in for a host. Default 30 days. */
  readonly maximumCopyAgeSeconds?: number | undefined
  /** How many documents are remembered in memory. Default 1,000, of key sets 100. */
  readonly maximumDocuments?: number | undefined
  /** Fetches at the same time. Default 20. */
  readonly maximumConcurrentFetches?: number | undefined
  /**
   * Of these, and of as many that wait for their turn, how many may be for one requester. Beyond that
   * a document is unavailable for the moment. Default 4.
   */
  readonly maximumConcurrentFetchesPerRequester?: number | undefined
  /**
   * Whom the fetch that begins now is for: the network address of the request that causes it, say.
   * Called in the asynchronous context of `resolve`. Without it, or where it is `undefined`, one
   * requester can keep all others waiting.
   */
  readonly requester?: (() => string | undefined) | undefined
  /**
   * Fetches from one host in a minute, a quarter of them for one requester: this server must not be
   * a tool against others. Default 60.
   */
  readonly maximumFetchesPerHost?: number | undefined
  /** Told of each use of a copy, with what kept the host from answering. */
  readonly onCopyUsed?: ((url: string, cause: unknown) => void) | undefined
  /** The clock; default the system's. */
  readonly nowEpochSeconds?: (() => number) | undefined
}
