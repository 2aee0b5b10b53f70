import { showRemote } from '@evergrant/core'
import { errors } from 'jose'
import type { CryptoKey } from 'jose'
import { ResourceServerError } from '../lib/errors.ts'
import { failurePauseSeconds } from './failure-memory.ts'
import { createKeyCache } from './key-cache.ts'
import type { FetchedKeys, KeyFetching, KeySetVersion } from './key-cache.ts'
import type { FindKey } from './key-finder.ts'
import { keyLocation } from './key-location.ts'
import type { KeySource } from './key-location.ts'
import { missingKeys } from './missing-keys.ts'

/** The token that is being verified, for {@link IssuerKeys.verify}. */
export interface KeyRequest {
  /** The header `kid`. */
  readonly keyId: string | undefined
  readonly signature: string
}

/** The keys of one issuer. */
export interface IssuerKeys {
  /** The key set that can be used without waiting, if any. */
  keySetInUse(nowEpochSeconds: number): KeySetVersion | undefined
  /**
   * The key set in use, fetched before if it is due.
   *
   * @throws {ResourceServerError} `KEYS_UNAVAILABLE`.
   */
  currentKeySet(): Promise<KeySetVersion>
  /**
   * Calls `verifyWith` with the keys of the issuer. If it fails because no key matches, or because the
   * signature of a token without `kid` is invalid, the issuer may have rotated its keys: they are
   * fetched again and `verifyWith` is called a second time.
   *
   * @param identify - Called only if the token decides about a fetch. May throw to refuse the token.
   * @returns The keys that the verification rests on.
   * @throws {ResourceServerError} `KEYS_UNAVAILABLE` if the keys cannot be fetched, or must not be
   *   fetched again yet and may contain the key by then (S-18).
   */
  verify(
    identify: () => KeyRequest,
    verifyWith: (findKey: FindKey) => Promise<void>,
  ): Promise<KeySetVersion>
}

/** Creates the keys of an issuer. Nothing is fetched before the first token. */
export function issuerKeys(server: KeySource, fetching: KeyFetching): IssuerKeys {
  const { issuer } = server
  const { clock } = fetching
  const cache = createKeyCache(keyLocation(server, fetching.fetch), fetching)
  const missing = missingKeys()

  /** Reports every failure to get keys as unavailability. */
  async function available<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work()
    } catch (error) {
      if (ResourceServerError.is(error)) throw error
      throw unavailable(issuer, reasonOf(error), failurePauseSeconds, error)
    }
  }

  /** The keys of another fetch, or `undefined` if the token names a key that does not exist. */
  async function newerKeys(request: KeyRequest): Promise<FetchedKeys | undefined> {
    const label = labelOf(request)
    const newer = await available(() => cache.refetch())
    if ('find' in newer) {
      missing.fetched(newer, label)
      return newer
    }
    if (missing.isKnown(label)) return undefined
    missing.expect(label)
    const waitSeconds = Math.ceil(newer.waitSeconds)
    const what =
      request.keyId === undefined
        ? 'no key that was fetched verifies its signature'
        : `the key ${showRemote(request.keyId)} is not among the keys that were fetched`
    throw unavailable(
      issuer,
      `${what}. It may be new, and the keys can be fetched again in ${waitSeconds} seconds`,
      waitSeconds,
    )
  }

  function keySetInUse(nowEpochSeconds: number): KeySetVersion | undefined {
    return cache.inUse(nowEpochSeconds)?.version
  }

  return {
    keySetInUse,
    async currentKeySet() {
      const keys = await available(() => cache.current())
      missing.fetched(keys, undefined)
      return keys.version
    },
    async verify(identify, verifyWith) {
      const sequenceBefore = cache.lastSequence()
      const inUse = cache.inUse(clock.nowEpochSeconds())
      // A token that is not from this issuer must not cause a fetch.
      if (inUse === undefined) identify()
      const keys = inUse ?? (await available(() => cache.current()))
      const isFetchedForThisToken = keys.sequence > sequenceBefore
      missing.fetched(keys, isFetchedForThisToken ? labelOf(identify()) : undefined)
      try {
        await verifyWith(findIn(keys, issuer))
        return keys.version
      } catch (error) {
        if (isFetchedForThisToken || !isAboutTheKey(error)) throw error
        const request = identify()
        if (!isPerhapsRotated(error, request)) throw error
        const newer = await newerKeys(request)
        if (newer === undefined) throw error
        await verifyWith(findIn(newer, issuer))
        return newer.version
      }
    },
  }
}

function labelOf(request: KeyRequest): string {
  return request.keyId ?? request.signature
}

/** An error about a key that exists and cannot be used says nothing about the token. */
function findIn(keys: FetchedKeys, issuer: string): FindKey {
  async function reported(searched: Promise<CryptoKey>): Promise<CryptoKey> {
    try {
      return await searched
    } catch (error) {
      if (isAboutTheToken(error)) throw error
      throw unavailable(issuer, reasonOf(error), failurePauseSeconds, error)
    }
  }
  return (jwt) => {
    const found = keys.find(jwt)
    return found instanceof Promise ? reported(found) : found
  }
}

function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}

function isAboutTheKey(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWSSignatureVerificationFailed
  )
}

/** Without `kid`, a new key looks like an invalid signature (RFC 7515 §4.1.4: `kid` is optional). */
function isPerhapsRotated(error: unknown, request: KeyRequest): boolean {
  if (error instanceof errors.JWKSNoMatchingKey) return true
  return request.keyId === undefined && error instanceof errors.JWSSignatureVerificationFailed
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'its keys could not be fetched'
}

function unavailable(
  issuer: string,
  what: string,
  retryAfterSeconds: number,
  cause?: unknown,
): ResourceServerError {
  return new ResourceServerError(
    'KEYS_UNAVAILABLE',
    `The access token of ${showRemote(issuer)} cannot be verified: ${what}. This says nothing about ` +
      'the token. Answer 503, and let the client try again.',
    { retryAfterSeconds, ...(cause === undefined ? {} : { cause }) },
  )
}
