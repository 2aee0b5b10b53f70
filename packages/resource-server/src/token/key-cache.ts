import { createLocalJWKSet } from 'jose'
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { fetchJson } from './fetch-json.ts'
import { failureMemory } from './failure-memory.ts'

/** The keys of one fetch. */
export interface FetchedKeys {
  readonly find: JWTVerifyGetKey
  readonly fetchedAtEpochSeconds: number
  /** Counts the fetches, from 1. */
  readonly sequence: number
}

/** The keys at one `jwks_uri`, fetched when needed. */
export interface KeyCache {
  /** The sequence of the last fetch, 0 before the first one. */
  lastSequence(): number
  /**
   * Returns the last fetched keys, and fetches keys that are older than ten minutes. Old keys stay in
   * use for a day while they cannot be fetched.
   */
  current(): Promise<FetchedKeys>
  /**
   * Fetches the keys again, at most every 30 seconds and not within five seconds of a failure.
   *
   * @returns How many seconds to wait, if a fetch is not allowed yet.
   */
  refetch(): Promise<FetchedKeys | { readonly waitSeconds: number }>
}

const maximumAgeSeconds = 600
const coolDownSeconds = 30
const maximumOutageSeconds = 24 * 3600

/**
 * Creates the cache. Concurrent callers share one fetch. Unlike the remote key set of jose, it uses the
 * injected clock and says whether a fetch was allowed.
 */
export function createKeyCache(
  url: URL,
  fetchImplementation: typeof fetch,
  clock: Clock,
): KeyCache {
  const failure = failureMemory(clock)
  let last: FetchedKeys | undefined
  let pending: Promise<FetchedKeys> | undefined

  async function fetchKeys(): Promise<FetchedKeys> {
    try {
      const find = keySetOf(await fetchJson(url.href, fetchImplementation))
      const sequence = (last?.sequence ?? 0) + 1
      last = { find, sequence, fetchedAtEpochSeconds: clock.nowEpochSeconds() }
      return last
    } catch (error) {
      failure.note(error)
      throw error
    } finally {
      pending = undefined
    }
  }

  function keySetOf(document: unknown): JWTVerifyGetKey {
    try {
      // createLocalJWKSet validates the document.
      return createLocalJWKSet(document as JSONWebKeySet)
    } catch (error) {
      throw new Error(`${url.href}: not a JSON Web Key Set`, { cause: error })
    }
  }

  function ageSeconds(keys: FetchedKeys): number {
    // A clock that was set back must not make keys look new for longer.
    return Math.abs(clock.nowEpochSeconds() - keys.fetchedAtEpochSeconds)
  }

  /** The last fetched keys, otherwise the error of the failed fetch. */
  function duringOutage(error: unknown): FetchedKeys {
    if (last !== undefined && ageSeconds(last) <= maximumOutageSeconds) return last
    throw error
  }

  return {
    lastSequence: () => last?.sequence ?? 0,
    async current() {
      if (last !== undefined && ageSeconds(last) < maximumAgeSeconds) return last
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
