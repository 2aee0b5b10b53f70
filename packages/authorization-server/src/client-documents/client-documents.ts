import type { GuardedFetch } from '../guarded-fetch/guarded-fetch.ts'
import type { Clock } from '../lib/clock.ts'

/** A resolved document. */
export interface ResolvedClientDocument<Document> {
  readonly document: Document
  /** The document as received, for callers that parse it again. */
  readonly text: string
  /**
   * `fresh`: cached and fresh by HTTP rules. `fetched`: fetched or confirmed now. `copy`: the host
   * does not answer, and this is its last answer.
   */
  readonly source: 'fresh' | 'fetched' | 'copy'
  /** For how many seconds you need not resolve it again. */
  readonly freshForSeconds: number
}

/** A stored document: plain data, for any store. */
export interface KeptClientDocument {
  readonly text: string
  /** The HTTP caching policy, as this package wrote it. */
  readonly policy: unknown
  /** When its host last confirmed it. */
  readonly confirmedAtEpochSeconds: number
}

/** Storage for documents beyond the life of the process. */
export interface ClientDocumentStore {
  get(url: string): Promise<KeptClientDocument | undefined>
  /** May drop the document at `expiresAtEpochSeconds`. It is not used after that. */
  set(url: string, document: KeptClientDocument, expiresAtEpochSeconds: number): Promise<void>
  delete(url: string): Promise<void>
}

/** Documents that clients publish at their https URLs. */
export interface ClientDocuments<Document> {
  /**
   * Returns the document at `url`: the cached one when it is fresh by HTTP rules, otherwise the
   * host's answer, or, when the host does not answer, its last one. Concurrent callers share one
   * request.
   *
   * @throws {@link AuthorizationServerError} `CLIENT_DOCUMENT_UNAVAILABLE`,
   *   `CLIENT_DOCUMENT_INVALID`, `FETCH_REFUSED`.
   */
  resolve(url: string): Promise<ResolvedClientDocument<Document>>
  /**
   * Saves the last resolved document in the store. Call it for clients that get tokens. Do not call
   * it for clients that only start an authorization: a request can name any number of URLs.
   */
  keep(url: string): Promise<void>
}

/** A copy was used, with the reason why the host did not answer. */
export interface ClientDocumentEvent {
  readonly type: 'copy-used'
  readonly url: string
  readonly cause: unknown
}

/** Options of {@link createClientMetadataDocuments} and {@link createClientKeySets}. */
export interface ClientDocumentOptions {
  /** Use {@link createGuardedFetch}: clients that you do not know choose the URLs. */
  readonly fetch: GuardedFetch
  /** Default: none. Documents are then kept until the process ends. */
  readonly store?: ClientDocumentStore | undefined
  /** Longest exchange. Default 5,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  /** Bounds for the freshness that HTTP headers give. Default 30 seconds to a day. */
  readonly freshSeconds?: { readonly minimum: number; readonly maximum: number } | undefined
  /** How long a failure is remembered. Further calls do not prolong it. Default 10. */
  readonly failureSeconds?: number | undefined
  /** How long after its last confirmation a copy may replace the host's answer. Default 30 days. */
  readonly maximumCopyAgeSeconds?: number | undefined
  /**
   * Longest metadata document, 1,024 to 65,536 bytes. Default 5,120, as the draft recommends. Has no
   * effect on key sets.
   */
  readonly maximumMetadataBytes?: number | undefined
  /** How many documents are kept in memory. Default 1,000, for key sets 100. */
  readonly maximumDocuments?: number | undefined
  /** Concurrent fetches. Default 20. */
  readonly maximumConcurrentFetches?: number | undefined
  /**
   * How many running fetches one requester may have, and how many waiting ones. Beyond that, a
   * document is unavailable for the moment. Default 4.
   */
  readonly maximumConcurrentFetchesPerRequester?: number | undefined
  /**
   * Returns the requester of the fetch that begins now, for example the network address of the
   * request that causes it. Called in the asynchronous context of `resolve`. Without it, or when it
   * returns `undefined`, one requester can keep all others waiting.
   */
  readonly requester?: (() => string | undefined) | undefined
  /**
   * Fetches from one host in a minute, at most a quarter of them for one requester, so that this
   * server cannot be used to attack other servers. Default 60.
   */
  readonly maximumFetchesPerHost?: number | undefined
  readonly observe?: ((event: ClientDocumentEvent) => void) | undefined
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined
}
