import CachePolicy from 'http-cache-semantics'
import { wholeSeconds } from '../lib/clock.ts'
import type {
  ClientDocumentOptions,
  ClientDocuments,
  KeptClientDocument,
  ResolvedClientDocument,
} from './client-documents.ts'
import { documentErrors, isDocumentUnavailable } from './document-errors.ts'
import type { DocumentKind } from './document-kind.ts'
import { requestDocument } from './document-request.ts'
import type { ReceivedDocument } from './document-request.ts'
import { createFetchBudget } from './fetch-budget.ts'

interface Entry<Document> extends ReceivedDocument<Document> {
  readonly confirmedAtEpochSeconds: number
  readonly freshUntilEpochSeconds: number
  /** Replaces the answer of a host that does not answer. */
  readonly isCopy: boolean
}

interface Failure {
  readonly error: unknown
  readonly untilEpochSeconds: number
}

/** Long enough that requests cannot cause many fetches, short enough for a user's next attempt. */
export const defaultFailureSeconds = 10

/**
 * Fetches documents of one kind and caches them as RFC 9111 says, within bounds.
 *
 * A copy replaces a missing answer only. When the host answers with something other than the
 * document, the publisher decided that: the answer is an error, and if it says that there is no
 * document, the copy is deleted. `must-revalidate` does not forbid the use of a copy: static hosts
 * send it with everything, and a client must not lose its sign-ins while its website is down for an
 * hour. `no-store` forbids it.
 */
export function createDocumentCache<Document>(
  kind: DocumentKind<Document>,
  options: ClientDocumentOptions,
): ClientDocuments<Document> {
  const { store } = options
  const clock = wholeSeconds(options.clock)
  const now = () => clock.nowEpochSeconds()
  const requestTimeoutMilliseconds = options.requestTimeoutMilliseconds ?? 5000
  const failureSeconds = options.failureSeconds ?? defaultFailureSeconds
  const errors = documentErrors(kind.name, failureSeconds)
  const maximumCopyAgeSeconds = options.maximumCopyAgeSeconds ?? 30 * 86_400
  const maximumDocuments = options.maximumDocuments ?? 1000
  const budget = createFetchBudget({
    concurrent: options.maximumConcurrentFetches ?? 20,
    concurrentPerRequester: options.maximumConcurrentFetchesPerRequester ?? 4,
    requester: options.requester ?? (() => undefined),
    perHostAndMinute: options.maximumFetchesPerHost ?? 60,
    clock,
  })
  const entries = new Map<string, Entry<Document>>()
  const failures = new Map<string, Failure>()
  const pending = new Map<string, Promise<ResolvedClientDocument<Document>>>()
  const kept = new WeakSet<Entry<Document>>()

  async function obtain(url: string): Promise<ResolvedClientDocument<Document>> {
    const known = entries.get(url) ?? (await fromStore(url))
    const release = await budget.take(url)
    try {
      if (release === undefined) {
        const cause = new Error('this server is fetching too many documents already')
        throw errors.unavailable(url, cause)
      }
      return use(url, await ask(url, known), 'fetched')
    } catch (error) {
      if (known !== undefined && isDocumentUnavailable(error) && isUsableCopy(known)) {
        options.observe?.({ type: 'copy-used', url, cause: error })
        const freshUntilEpochSeconds = now() + failureSeconds
        return use(url, { ...known, freshUntilEpochSeconds, isCopy: true }, 'copy')
      }
      // The failure is remembered, not the answer: an answer that is an error must not be cached.
      const untilEpochSeconds = now() + failureSeconds
      const failure = { error, untilEpochSeconds }
      if (release !== undefined) remember(failures, url, failure, maximumDocuments)
      throw error
    } finally {
      release?.()
    }
  }

  async function ask(url: string, known: Entry<Document> | undefined): Promise<Entry<Document>> {
    const answer = await requestDocument(kind, url, known, {
      fetch: options.fetch,
      requestTimeoutMilliseconds,
      errors,
    })
    if ('withdrawn' in answer) {
      entries.delete(url)
      await store?.delete(url)
      throw errors.invalid(url, answer.withdrawn)
    }
    const { document, text, policy } = answer
    return {
      document,
      text,
      policy,
      confirmedAtEpochSeconds: now(),
      freshUntilEpochSeconds: now() + freshFor(policy, options.freshSeconds),
      isCopy: false,
    }
  }

  function isUsableCopy(entry: Entry<Document>): boolean {
    return entry.policy.storable() && now() - entry.confirmedAtEpochSeconds < maximumCopyAgeSeconds
  }

  function use(
    url: string,
    entry: Entry<Document>,
    source: ResolvedClientDocument<Document>['source'],
  ): ResolvedClientDocument<Document> {
    remember(entries, url, entry, maximumDocuments)
    const { document, text, isCopy } = entry
    const freshForSeconds = Math.max(0, entry.freshUntilEpochSeconds - now())
    return { document, text, source: isCopy ? 'copy' : source, freshForSeconds }
  }

  async function fromStore(url: string): Promise<Entry<Document> | undefined> {
    const found = await store?.get(url)
    const entry = found === undefined ? undefined : restored(kind, url, found)
    if (entry === undefined) return undefined
    kept.add(entry)
    return isUsableCopy(entry) ? entry : undefined
  }

  return {
    async resolve(url) {
      if (!kind.isUrl(url)) throw errors.invalid(url, kind.urlRule)
      const failure = failures.get(url)
      if (failure !== undefined && failure.untilEpochSeconds > now()) throw failure.error
      failures.delete(url)
      const entry = entries.get(url)
      if (entry !== undefined && entry.freshUntilEpochSeconds > now()) {
        return use(url, entry, 'fresh')
      }
      // Not bound to the signal of one caller, because the other callers wait for it as well.
      const asking = pending.get(url) ?? obtain(url).finally(() => pending.delete(url))
      pending.set(url, asking)
      return await asking
    },
    async keep(url) {
      const entry = entries.get(url)
      if (store === undefined || entry === undefined || entry.isCopy || kept.has(entry)) return
      if (!entry.policy.storable()) return
      const { text, policy, confirmedAtEpochSeconds } = entry
      const document = { text, policy: policy.toObject(), confirmedAtEpochSeconds }
      await store.set(url, document, confirmedAtEpochSeconds + maximumCopyAgeSeconds)
      kept.add(entry)
    },
  }
}

/** Adds to a map of bounded size: the oldest entry is dropped. Smaller than a dependency for it. */
function remember<Value>(
  map: Map<string, Value>,
  url: string,
  value: Value,
  maximumSize: number,
): void {
  map.delete(url)
  map.set(url, value)
  const [oldest] = map.keys()
  if (map.size > maximumSize && oldest !== undefined) map.delete(oldest)
}

/** For how many seconds a document that was confirmed now is fresh. */
function freshFor(
  policy: CachePolicy,
  { minimum, maximum }: NonNullable<ClientDocumentOptions['freshSeconds']> = {
    minimum: 30,
    maximum: 86_400,
  },
): number {
  // Rounded, because the library counts the milliseconds since the policy was created.
  const seconds = policy.storable() ? Math.round(policy.maxAge() - policy.age()) : 0
  return Math.max(minimum, Math.min(maximum, seconds))
}

/** The entry of a stored document. `undefined` for one that this version does not accept. */
function restored<Document>(
  kind: DocumentKind<Document>,
  url: string,
  { text, policy, confirmedAtEpochSeconds }: KeptClientDocument,
): Entry<Document> | undefined {
  if (!isPolicy(policy)) return undefined
  try {
    return {
      document: kind.parse(text, url),
      text,
      policy: CachePolicy.fromObject(policy),
      confirmedAtEpochSeconds,
      // Each process confirms it once. That costs a 304, and fresh means the same everywhere.
      freshUntilEpochSeconds: 0,
      isCopy: false,
    }
  } catch {
    return undefined
  }
}

function isPolicy(value: unknown): value is CachePolicy.CachePolicyObject {
  return typeof value === 'object' && value !== null && 'v' in value && value.v === 1
}
