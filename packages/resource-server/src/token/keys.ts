import {
  authorizationServerMetadataUrls,
  parseAuthorizationServerMetadata,
  showRemote,
} from '@evergrant/core'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import { assertTrustedUrl } from '../lib/urls.ts'

/** An authorization server whose tokens are accepted. */
export interface TrustedAuthorizationServer {
  readonly issuer: string
  /** The URL of its keys. Default: `jwks_uri` of its metadata. */
  readonly jwksUri?: string
}

/** After a failure, requests do not retry for this long, to avoid a flood during an outage. */
const failurePauseSeconds = 5
/** How long fetched keys stay in use while they cannot be fetched again. */
const maximumOutageSeconds = 24 * 3600

/**
 * Returns a resolver for the keys of an issuer. jose caches the keys. It fetches them again after ten
 * minutes, and when a token names an unknown key, at most every 30 seconds. If that fails, the last
 * fetched keys stay in use for a day.
 *
 * @returns A resolver that throws {@link ResourceServerError} `KEYS_UNAVAILABLE` if the keys cannot be
 *   fetched, and errors of jose if no key matches.
 */
export function issuerKeys(
  server: TrustedAuthorizationServer,
  fetchImplementation: typeof fetch = fetch,
  clock: Clock = systemClock,
): JWTVerifyGetKey {
  const open = (url: URL) => remoteKeys(url, fetchImplementation, clock)
  let pending: Promise<JWTVerifyGetKey> | undefined
  const failed = failureMemory(clock)
  if (server.jwksUri !== undefined) {
    pending = Promise.resolve(open(trustedJwksUri(server.jwksUri)))
  }

  /** Concurrent requests share one discovery. A failure is remembered for a short time. */
  async function keySet(): Promise<JWTVerifyGetKey> {
    const recentFailure = failed.recent()
    if (recentFailure !== undefined) throw recentFailure.error
    pending ??= discoverJwksUri(server.issuer, fetchImplementation).then(open)
    try {
      return await pending
    } catch (error) {
      pending = undefined
      failed.note(error)
      throw error
    }
  }

  return async (header, token) => {
    try {
      const getKey = await keySet()
      return await getKey(header, token)
    } catch (error) {
      if (isAboutTheToken(error) || ResourceServerError.is(error)) throw error
      throw unavailable(server.issuer, 'its keys could not be fetched', error)
    }
  }
}

function remoteKeys(url: URL, fetchImplementation: typeof fetch, clock: Clock): JWTVerifyGetKey {
  const failed = failureMemory(clock)
  let fetchedAtEpochSeconds = Number.NEGATIVE_INFINITY
  const remote = createRemoteJWKSet(url, {
    async [customFetch](address, init) {
      const response = await fetchImplementation(address, init)
      if (response.status === 200) fetchedAtEpochSeconds = clock.nowEpochSeconds()
      return response
    },
  })

  /** Finds the key among the last fetched ones, otherwise throws the error of the failed fetch. */
  async function fromLastFetch(
    fetchError: unknown,
    ...[header, token]: Parameters<JWTVerifyGetKey>
  ): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
    const keys = remote.jwks()
    const outageSeconds = clock.nowEpochSeconds() - fetchedAtEpochSeconds
    if (keys === undefined || outageSeconds > maximumOutageSeconds) throw fetchError
    try {
      return await createLocalJWKSet(keys)(header, token)
    } catch (error) {
      // The unknown key may be one that could not be fetched.
      throw error instanceof errors.JWKSNoMatchingKey ? fetchError : error
    }
  }

  return async (header, token) => {
    const recentFailure = failed.recent()
    if (recentFailure !== undefined) return await fromLastFetch(recentFailure.error, header, token)
    try {
      return await remote(header, token)
    } catch (error) {
      if (isAboutTheToken(error)) throw error
      failed.note(error)
      return await fromLastFetch(error, header, token)
    }
  }
}

/** Remembers the last failure for a short time. */
function failureMemory(clock: Clock): {
  readonly note: (error: unknown) => void
  readonly recent: () => { readonly error: unknown } | undefined
} {
  let last: { readonly error: unknown; readonly atEpochSeconds: number } | undefined
  return {
    note(error) {
      last = { error, atEpochSeconds: clock.nowEpochSeconds() }
    },
    recent() {
      if (last === undefined) return undefined
      const sinceSeconds = clock.nowEpochSeconds() - last.atEpochSeconds
      return sinceSeconds >= 0 && sinceSeconds < failurePauseSeconds ? last : undefined
    },
  }
}

function trustedJwksUri(jwksUri: string): URL {
  assertTrustedUrl(jwksUri, 'AUTHORIZATION_SERVER_INVALID', 'jwksUri')
  return new URL(jwksUri)
}

function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}

/** Tries the possible locations of an issuer's metadata, in order, until one has a `jwks_uri`. */
async function discoverJwksUri(issuer: string, fetchImplementation: typeof fetch): Promise<URL> {
  const failures: string[] = []
  for (const { url } of authorizationServerMetadataUrls(issuer)) {
    try {
      const document = await fetchJson(url, fetchImplementation)
      // RFC 8414 §3.3: throws for a document that names another issuer.
      const { metadata } = parseAuthorizationServerMetadata(document, issuer)
      if (metadata.jwks_uri !== undefined) return new URL(metadata.jwks_uri)
      failures.push(`${url}: no jwks_uri`)
    } catch (error) {
      failures.push(`${url}: ${error instanceof Error ? error.message : 'no response'}`)
    }
  }
  throw unavailable(issuer, `no usable metadata was found (${failures.join('; ')})`, undefined)
}

async function fetchJson(url: string, fetchImplementation: typeof fetch): Promise<unknown> {
  const response = await fetchImplementation(url, {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(5000),
  })
  if (response.status === 200) return await response.json()
  await response.body?.cancel()
  throw new Error(`status ${response.status}`)
}

function unavailable(issuer: string, what: string, cause: unknown): ResourceServerError {
  return new ResourceServerError(
    'KEYS_UNAVAILABLE',
    `The access token of ${showRemote(issuer)} cannot be verified: ${what}. This says nothing about ` +
      'the token. Answer 503, and let the client try again.',
    cause === undefined ? {} : { cause },
  )
}
