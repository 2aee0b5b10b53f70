import { showRemote } from '@evergrant/core'
import CachePolicy from 'http-cache-semantics'
import { AuthorizationServerError } from '../lib/errors.ts'
import { limitedBody } from '../lib/limited-body.ts'
import type {
  ClientDocumentOptions,
  ClientDocuments,
  KeptClientDocument,
  ResolvedClientDocument,
} from './client-documents.ts'
import { createFetchBudget } from './fetch-budget.ts'

/** What one kind of document is, and how it is cached. */
export interface DocumentCacheOptions<Document> extends ClientDocumentOptions {
  /** For messages. */
  readonly name: string
  /** Whether a document may be at a URL at all: what is none is never asked for. */
  readonly isUrl: (url: string) => boolean
  /** What {@link DocumentCacheOptions.isUrl} expects, as a sentence. */
  readonly urlRule: string
  readonly maximumBodyBytes: number
  readonly isType: (contentType: string) => boolean
  /** Throws where the text is no such document. */
  readonly parse: (text: string, url: string) => Document
}

interface Entry<Document> {
  readonly document: Document
  readonly text: string
  readonly policy: CachePolicy
  readonly confirmedAtEpochSeconds: number
  readonly freshUntilEpochSeconds: number
  /** Stands in for a host that does not answer. */
  readonly isCopy: boolean
}

interface Failure {
  readonly error: unknown
  readonly untilEpochSeconds: number
}

/** Long enough that requests cannot drive it, short enough that a person tries again. */
export const defaultFailureSeconds = 10

const requestHeaders = { accept: 'application/json' }

/** Answers that say nothing about the document: the host is busy or broken, and may be back. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429])

/**
 * Fetches documents of one kind and caches them as RFC 9111 says, within bounds.
 *
 * A copy stands in for a missing answer only. An answer that is another one than the document is
 * the publisher's word: it is passed on as an error, and where it says that there is no document,
 * the copy goes. `must-revalidate` does not keep a copy from standing in: static hosts send it with
 * everything, and what a client is does not end with an hour in which its website is down.
 * `no-store` does.
 */
export function createDocumentCache<Document>(
  options: DocumentCacheOptions<Document>,
): ClientDocuments<Document> {
  const { name, store } = options
  const now = options.nowEpochSeconds ?? (() => Math.floor(Date.now() / 1000))
  const requestTimeoutMilliseconds = options.requestTimeoutMilliseconds ?? 5000
  const freshSeconds = options.freshSeconds ?? { minimum: 30, maximum: 86_400 }
  const failureSeconds = options.failureSeconds ?? defaultFailureSeconds
  const maximumCopyAgeSeconds = options.maximumCopyAgeSeconds ?? 30 * 86_400
  const maximumDocuments = options.maximumDocuments ?? 1000
  const budget = createFetchBudget({
    concurrent: options.maximumConcurrentFetches ?? 20,
    concurrentPerRequester: options.maximumConcurrentFetchesPerRequester ?? 4,
    requester: options.requester ?? (() => undefined),
    perHostAndMinute: options.maximumFetchesPerHost ?? 60,
    nowEpochSeconds: now,
  })
  const entries = new Map<string, Entry<Document>>()
  const failures = new Map<string, Failure>()
  const pending = new Map<string, Promise<ResolvedClientDocument<Document>>>()
  const kept = new WeakSet<Entry<Document>>()

  /** A map keeps the order of insertion: what is remembered again goes to its end. */
  function remember<Value>(map: Map<string, Value>, url: string, value: Value): void {
    map.delete(url)
    map.set(url, value)
    const [oldest] = map.keys()
    if (map.size > maximumDocuments && oldest !== undefined) map.delete(oldest)
  }

  async function obtain(url: string): Promise<ResolvedClientDocument<Document>> {
    const known = entries.get(url) ?? (await fromStore(url))
    const release = await budget.take(url)
    try {
      if (release === undefined) {
        throw unavailable(url, new Error('this server is fetching too many documents already'))
      }
      return use(url, await ask(url, known), 'fetched')
    } catch (error) {
      if (known !== undefined && isDocumentUnavailable(error) && isUsableCopy(known)) {
        options.onCopyUsed?.(url, error)
        const freshUntilEpochSeconds = now() + failureSeconds
        return use(url, { ...known, freshUntilEpochSeconds, isCopy: true }, 'copy')
      }
      // The failure, not the answer: an answer that is an error must not be cached.
      const untilEpochSeconds = now() + failureSeconds
      if (release !== undefined) remember(failures, url, { error, untilEpochSeconds })
      throw error
    } finally {
      release?.()
    }
  }

  function isFresh(entry: Entry<Document>): boolean {
    return entry.freshUntilEpochSeconds > now()
  }

  function isUsableCopy(entry: Entry<Document>): boolean {
    return entry.policy.storable() && now() - entry.confirmedAtEpochSeconds < maximumCopyAgeSeconds
  }

  function use(
    url: string,
    entry: Entry<Document>,
    source: ResolvedClientDocument<Document>['source'],
  ): ResolvedClientDocument<Document> {
    remember(entries, url, entry)
    const { document, text, isCopy } = entry
    const freshForSeconds = Math.max(0, entry.freshUntilEpochSeconds - now())
    return { document, text, source: isCopy ? 'copy' : source, freshForSeconds }
  }

  async function fromStore(url: string): Promise<Entry<Document> | undefined> {
    const found = await store?.get(url)
    if (found === undefined) return undefined
    // Written by another version: as good as none.
    if (!isPolicy(found.policy)) return undefined
    try {
      const entry: Entry<Document> = {
        document: options.parse(found.text, url),
        text: found.text,
        policy: CachePolicy.fromObject(found.policy),
        confirmedAtEpochSeconds: found.confirmedAtEpochSeconds,
        // Confirmed once in each process: that costs a 304, and fresh means the same everywhere.
        freshUntilEpochSeconds: 0,
        isCopy: false,
      }
      kept.add(entry)
      return isUsableCopy(entry) ? entry : undefined
    } catch {
      // This version takes for invalid what another one took.
      return undefined
    }
  }

  async function ask(url: string, known: Entry<Document> | undefined): Promise<Entry<Document>> {
    const request = { url, method: 'GET', headers: requestHeaders }
    const headers = new Headers(requestHeaders)
    for (const [field, value] of Object.entries(known?.policy.revalidationHeaders(request) ?? {})) {
      if (typeof value === 'string') headers.set(field, value)
    }
    const response = await answerTo(url, headers)
    const answer = { status: response.status, headers: Object.fromEntries(response.headers) }
    if (response.status === 304) {
      if (known === undefined) throw invalid(url, 'its host answered 304 to no question')
      return confirmed(known, known.policy.revalidatedPolicy(request, answer).policy)
    }
    const text = await textOf(url, response)
    const document = parsed(url, text)
    return confirmed({ document, text }, new CachePolicy(request, answer, { shared: false }))
  }

  function confirmed(
    { document, text }: Pick<Entry<Document>, 'document' | 'text'>,
    policy: CachePolicy,
  ): Entry<Document> {
    const { minimum, maximum } = freshSeconds
    // Rounded: the library counts the milliseconds since it was made.
    const said = policy.storable() ? Math.round(policy.maxAge() - policy.age()) : 0
    return {
      document,
      text,
      policy,
      confirmedAtEpochSeconds: now(),
      freshUntilEpochSeconds: now() + Math.max(minimum, Math.min(maximum, said)),
      isCopy: false,
    }
  }

  async function answerTo(url: string, headers: Headers): Promise<Response> {
    let response: Response
    try {
      response = await options.fetch(url, {
        headers,
        signal: AbortSignal.timeout(requestTimeoutMilliseconds),
        maximumBodyBytes: options.maximumBodyBytes,
      })
    } catch (cause) {
      // What is refused has nothing to do with the host being down.
      throw AuthorizationServerError.is(cause) ? cause : unavailable(url, cause)
    }
    const { status } = response
    if (status === 200 || status === 304) return response
    await response.body?.cancel()
    const said = `its host answered with status ${status}`
    if (status >= 500 || passingStatuses.has(status)) throw unavailable(url, new Error(said))
    entries.delete(url)
    await store?.delete(url)
    const isRedirect = status >= 300 && status < 400
    throw invalid(url, isRedirect ? `${said}; redirects are not followed` : said)
  }

  async function textOf(url: string, response: Response): Promise<string> {
    const type = response.headers.get('content-type') ?? ''
    if (!options.isType(type)) {
      await response.body?.cancel()
      throw invalid(url, `it is ${showRemote(type)}, and not JSON`)
    }
    const chunks: Uint8Array[] = []
    try {
      const { body } = response
      if (body !== null) {
        for await (const chunk of limitedBody(body, options.maximumBodyBytes)) chunks.push(chunk)
      }
    } catch (cause) {
      throw AuthorizationServerError.is(cause) ? cause : unavailable(url, cause)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  function parsed(url: string, text: string): Document {
    try {
      return options.parse(text, url)
    } catch (cause) {
      throw invalid(url, messageOf(cause), cause)
    }
  }

  function unavailable(url: string, cause: unknown): AuthorizationServerError {
    return new AuthorizationServerError(
      'CLIENT_DOCUMENT_UNAVAILABLE',
      `The ${name} at ${showRemote(url)} cannot be had at the moment: ${messageOf(cause)}. Try again in ` +
        `${failureSeconds} seconds.`,
      { cause },
    )
  }

  /** The error for a document that its publisher has to mend. */
  function invalid(url: string, why: string, cause?: unknown): AuthorizationServerError {
    return new AuthorizationServerError(
      'CLIENT_DOCUMENT_INVALID',
      `There is no usable ${name} at ${showRemote(url)}: ${why.replace(/\.$/, '')}. The publisher ` +
        'of the client has to mend it.',
      { cause },
    )
  }

  return {
    async resolve(url) {
      if (!options.isUrl(url)) throw invalid(url, options.urlRule)
      const failure = failures.get(url)
      if (failure !== undefined && failure.untilEpochSeconds > now()) throw failure.error
      failures.delete(url)
      const entry = entries.get(url)
      if (entry !== undefined && isFresh(entry)) return use(url, entry, 'fresh')
      // Bound to no caller's signal: the others wait for it as well.
      const asking = pending.get(url) ?? obtain(url).finally(() => pending.delete(url))
      pending.set(url, asking)
      return await asking
    },
    async keep(url) {
      const entry = entries.get(url)
      if (store === undefined || entry === undefined || entry.isCopy || kept.has(entry)) return
      if (!entry.policy.storable()) return
      const { text, policy, confirmedAtEpochSeconds } = entry
      const document: KeptClientDocument = {
        text,
        policy: policy.toObject(),
        confirmedAtEpochSeconds,
      }
      await store.set(url, document, confirmedAtEpochSeconds + maximumCopyAgeSeconds)
      kept.add(entry)
    },
  }
}

/** Parses JSON with a message that quotes nothing of it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('it is no JSON')
  }
}

function isPolicy(value: unknown): value is CachePolicy.CachePolicyObject {
  return typeof value === 'object' && value !== null && 'v' in value && value.v === 1
}

/** Whether an error says that a host does not answer, and that there is no copy. */
export function isDocumentUnavailable(error: unknown): boolean {
  return AuthorizationServerError.is(error) && error.code === 'CLIENT_DOCUMENT_UNAVAILABLE'
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
