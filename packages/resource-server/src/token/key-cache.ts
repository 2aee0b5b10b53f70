import type { JSONWebKeySet } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { fetchJson } from '../lib/fetch-json.ts'
import { failureMemory } from './failure-memory.ts'
import { createKeyFinder } from './key-finder.ts'
import type { FindKey } from './key-finder.ts'
import type { KeyLocation } from './key-location.ts'

/** One version of a key set. Fetching the same document again keeps the version. */
export interface KeySetVersion {
  /**
   * In this interval, the version is in use and not due. It is here, and not behind a function, because every
   * request reads it.
   */
  freshFromEpochSeconds: number
  freshUntilEpochSeconds: number
}

/** The keys of one fetch. */
export interface FetchedKeys {
  readonly find: FindKey
  readonly version: KeySetVersion
  /** `kid` of each key. */
  readonly keyIds: ReadonlySet<string>
  /** `kid` of each key of the fetch before that this one does not contain. */
  readonly withdrawnKeyIds: readonly string[]
  readonly fetchedAtEpochSeconds: number
  /** Counts the fetches, from 1. */
  readonly sequence: number
}

/** The keys of one issuer, fetched when needed. */
export interface KeyCache {
  /** The sequence of the last fetch, 0 before the first one. */
  lastSequence(): number
  /**
   * Returns the keys that can be used without waiting, if any. Keys that are due soon are fetched again
   * in the background. While they cannot be fetched, the last keys stay in use for a day.
   */
  inUse(nowEpochSeconds: number): FetchedKeys | undefined
  /** Returns {@link KeyCache.inUse}, otherwise fetches the keys. */
  current(): Promise<FetchedKeys>
  /**
   * Fetches the keys again, at most every 30 seconds and not within five seconds of a failure.
   *
   * @returns How many seconds to wait, if a fetch is not allowed yet.
   */
  refetch(): Promise<FetchedKeys | { readonly waitSeconds: number }>
}

const coolDownSeconds = 30
const maximumOutageSeconds = 24 * 3600
/** At this part of the maximum age, keys are fetched in the background, so that no request waits. */
const refreshAheadRatio = 0.8
/** An authorization server has a few keys. jose compares each one with the token. */
const maximumKeys = 1000

/** How the keys of an issuer are fetched. */
export interface KeyFetching {
  readonly fetch: typeof fetch
  readonly clock: Clock
  /** After this time, keys are not used before they were fetched again. */
  readonly maximumKeyAgeSeconds: number
}

/**
 * Creates the cache. Concurrent callers share one fetch. Unlike the remote key set of jose, it uses the
 * injected clock and says whether a fetch was allowed.
 */
export function createKeyCache(location: KeyLocation, fetching: KeyFetching): KeyCache {
  const { clock, maximumKeyAgeSeconds } = fetching
  const freshSeconds = maximumKeyAgeSeconds * refreshAheadRatio
  const failure = failureMemory(clock)
  let last: FetchedKeys | undefined
  let lastDocument: string | undefined
  let pending: Promise<FetchedKeys> | undefined

  async function fetchKeys(): Promise<FetchedKeys> {
    try {
      const url = await location.find()
      last = next(parseKeySet(await fetchJson(url.href, fetching.fetch), url))
      failure.clear()
      return last
    } catch (error) {
      location.forget()
      failure.note(error)
      throw error
    } finally {
      pending = undefined
    }
  }

  function next({ keySet, keyIds }: ParsedKeySet): FetchedKeys {
    const document = JSON.stringify(keySet)
    const unchanged = document === lastDocument ? last : undefined
    lastDocument = document
    if (last !== undefined && unchanged === undefined) end(last.version)
    const now = clock.nowEpochSeconds()
    const version = unchanged?.version ?? { freshFromEpochSeconds: 0, freshUntilEpochSeconds: 0 }
    version.freshFromEpochSeconds = now - freshSeconds
    version.freshUntilEpochSeconds = now + freshSeconds
    return {
      find: unchanged?.find ?? createKeyFinder(keySet),
      version,
      keyIds,
      withdrawnKeyIds: [...(last?.keyIds ?? [])].filter((keyId) => !keyIds.has(keyId)),
      fetchedAtEpochSeconds: now,
      sequence: (last?.sequence ?? 0) + 1,
    }
  }

  function ageSeconds(keys: FetchedKeys, now: number = clock.nowEpochSeconds()): number {
    // A clock that was set back must not make keys look new for longer.
    return Math.abs(now - keys.fetchedAtEpochSeconds)
  }

  function fetchInBackground(): void {
    if (pending !== undefined || failure.recent() !== undefined) return
    pending = fetchKeys()
    // The failure is remembered, and the keys stay in use.
    pending.catch(() => undefined)
  }

  function inUse(now: number): FetchedKeys | undefined {
    if (last === undefined) return undefined
    const age = ageSeconds(last, now)
    if (age < freshSeconds) return last
    const isOutage = failure.isFailing() && age <= maximumOutageSeconds
    if (age >= maximumKeyAgeSeconds && !isOutage) return undefined
    fetchInBackground()
    return last
  }

  /** The last fetched keys, otherwise the error of the failed fetch. */
  function duringOutage(error: unknown): FetchedKeys {
    if (last !== undefined && ageSeconds(last) <= maximumOutageSeconds) return last
    throw error
  }

  return {
    lastSequence: () => last?.sequence ?? 0,
    inUse,
    async current() {
      const usable = inUse(clock.nowEpochSeconds())
      if (usable !== undefined) return usable
      const recent = failure.recent()
      if (recent !== undefined) return duringOutage(recent.error)
      try {
        return await (pending ??= fetchKeys())
      } catch (error) {
        return duringOutage(error)
      }
    },
    async refetch() {
      if (pending !== undefined) return await pending
      const recent = failure.recent()
      if (recent !== undefined) throw recent.error
      const waitSeconds = last === undefined ? 0 : coolDownSeconds - ageSeconds(last)
      return waitSeconds > 0 ? { waitSeconds } : await (pending = fetchKeys())
    },
  }
}

function end(version: KeySetVersion): void {
  version.freshUntilEpochSeconds = Number.NEGATIVE_INFINITY
}

interface ParsedKeySet {
  readonly keySet: JSONWebKeySet
  readonly keyIds: ReadonlySet<string>
}

function parseKeySet(document: unknown, url: URL): ParsedKeySet {
  if (!isKeySet(document)) throw new Error(`${url.href}: not a JSON Web Key Set`)
  const { keys } = document
  if (keys.length > maximumKeys) {
    throw new Error(`${url.href}: ${keys.length} keys (expected at most ${maximumKeys})`)
  }
  const keyIds = keys.map((key) => key.kid).filter((keyId) => typeof keyId === 'string')
  return { keySet: { keys }, keyIds: new Set(keyIds) }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The members of the keys are checked when jose imports them. */
function isKeySet(document: unknown): document is JSONWebKeySet {
  if (typeof document !== 'object' || document === null || !('keys' in document)) return false
  const { keys } = document
  return Array.isArray(keys) && keys.every((key) => isObject(key))
}
