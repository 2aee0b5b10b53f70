import { showRemote } from '@evergrant/core'
import { errors } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import { assertTrustedUrl } from '../lib/urls.ts'
import { discoverJwksUri } from './discover-keys.ts'
import { failureMemory, failurePauseSeconds } from './failure-memory.ts'
import { createKeyCache } from './key-cache.ts'
import type { FetchedKeys, KeyCache } from './key-cache.ts'
import { missingKeys } from './missing-keys.ts'

/** An authorization server whose tokens are accepted. */
export interface TrustedAuthorizationServer {
  readonly issuer: string
  /** The URL of its keys. Default: `jwks_uri` of its metadata. */
  readonly jwksUri?: string
}

/** The token that is being verified, for {@link IssuerKeys.verify}. */
export interface KeyRequest {
  /** The header `kid`. */
  readonly keyId: string | undefined
  readonly signature: string
}

/** The keys of one issuer. */
export interface IssuerKeys {
  /**
   * Calls `verifyWith` with the keys of the issuer. If it fails because no key matches, or because the
   * signature of a token without `kid` is invalid, the issuer may have rotated its keys: they are
   * fetched again and `verifyWith` is called a second time.
   *
   * @throws {ResourceServerError} `KEYS_UNAVAILABLE` if the keys cannot be fetched, or must not be
   *   fetched again yet and may contain the key by then (S-18).
   */
  verify<Result>(
    request: KeyRequest,
    verifyWith: (keys: JWTVerifyGetKey) => Promise<Result>,
  ): Promise<Result>
}

/** Creates the keys of an issuer. Nothing is fetched before the first token. */
export function issuerKeys(
  server: TrustedAuthorizationServer,
  fetchImplementation: typeof fetch = fetch,
  clock: Clock = systemClock,
): IssuerKeys {
  const { issuer } = server
  const cacheOf = lazyKeyCache(server, fetchImplementation, clock)
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
  async function newerKeys(cache: KeyCache, request: KeyRequest): Promise<FetchedKeys | undefined> {
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

  return {
    async verify(request, verifyWith) {
      const cache = await available(cacheOf)
      const sequenceBefore = cache.lastSequence()
      const keys = await available(() => cache.current())
      const isFetchedForThisToken = keys.sequence > sequenceBefore
      missing.fetched(keys, isFetchedForThisToken ? labelOf(request) : undefined)
      try {
        return await verifyWith(findIn(keys, issuer))
      } catch (error) {
        if (isFetchedForThisToken || !isPerhapsRotated(error, request)) throw error
        const newer = await newerKeys(cache, request)
        if (newer === undefined) throw error
        return await verifyWith(findIn(newer, issuer))
      }
    },
  }
}

function labelOf(request: KeyRequest): string {
  return request.keyId ?? request.signature
}

/** Finds the keys' URL with the first token. Concurrent requests share one discovery. */
function lazyKeyCache(
  server: TrustedAuthorizationServer,
  fetchImplementation: typeof fetch,
  clock: Clock,
): () => Promise<KeyCache> {
  const open = (url: URL): KeyCache => createKeyCache(url, fetchImplementation, clock)
  const failure = failureMemory(clock)
  let pending: Promise<KeyCache> | undefined
  if (server.jwksUri !== undefined) {
    assertTrustedUrl(server.jwksUri, 'AUTHORIZATION_SERVER_INVALID', 'jwksUri')
    pending = Promise.resolve(open(new URL(server.jwksUri)))
  }
  return async () => {
    const recent = failure.recent()
    if (recent !== undefined) throw recent.error
    pending ??= discoverJwksUri(server.issuer, fetchImplementation).then(open)
    try {
      return await pending
    } catch (error) {
      pending = undefined
      failure.note(error)
      throw error
    }
  }
}

/** An error about a key that exists and cannot be used says nothing about the token. */
function findIn(keys: FetchedKeys, issuer: string): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await keys.find(header, token)
    } catch (error) {
      if (isAboutTheToken(error)) throw error
      throw unavailable(issuer, reasonOf(error), failurePauseSeconds, error)
    }
  }
}

function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
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
