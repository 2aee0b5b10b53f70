import {
  authorizationServerMetadataUrls,
  parseAuthorizationServerMetadata,
  showRemote,
} from '@evergrant/core'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import { ResourceServerError } from '../lib/errors.ts'
import { assertTrustedUrl } from '../lib/urls.ts'

/** An authorization server whose tokens are accepted. */
export interface TrustedAuthorizationServer {
  readonly issuer: string
  /** Where its keys are. Default: what its metadata says. */
  readonly jwksUri?: string
}

/** A failure is not repeated for each request that comes: an outage is no time for a flood. */
const failurePauseSeconds = 5
/** Keys that cannot be fetched anew are good for this long: an outage costs no good call. */
const longestOutageSeconds = 24 * 3600

/**
 * Finds the key of a token at its issuer. Keys are cached by jose, which fetches them again after
 * ten minutes, and when a token names an unknown one, at most every 30 seconds. Where that fails,
 * those that were fetched last go on for a day.
 *
 * @returns A resolver that throws {@link ResourceServerError} `KEYS_UNAVAILABLE` when the keys
 * cannot be fetched, and jose's own errors when they can and none fits.
 */
export function issuerKeys(
  server: TrustedAuthorizationServer,
  fetchImplementation: typeof fetch = fetch,
  clock: Clock = { nowEpochSeconds: () => Date.now() / 1000 },
): JWTVerifyGetKey {
  const open = (url: URL) => remoteKeys(url, fetchImplementation, clock)
  let pending: Promise<JWTVerifyGetKey> | undefined
  const failed = failureMemory(clock)
  if (server.jwksUri !== undefined) {
    pending = Promise.resolve(open(trustedJwksUri(server.jwksUri)))
  }

  /** One discovery for all requests that wait for it; a failed one is kept for a moment. */
  async function keySet(): Promise<JWTVerifyGetKey> {
    const lately = failed.lately()
    if (lately !== undefined) throw lately.error
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

  /** The key among those that were fetched last; what kept them from being fetched anew, if none. */
  async function withoutFetching(
    why: unknown,
    ...[header, token]: Parameters<JWTVerifyGetKey>
  ): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
    const keys = remote.jwks()
    const outageSeconds = clock.nowEpochSeconds() - fetchedAtEpochSeconds
    if (keys === undefined || outageSeconds > longestOutageSeconds) throw why
    try {
      return await createLocalJWKSet(keys)(header, token)
    } catch (error) {
      // It may be one of those that could not be fetched.
      throw error instanceof errors.JWKSNoMatchingKey ? why : error
    }
  }

  return async (header, token) => {
    const lately = failed.lately()
    if (lately !== undefined) return await withoutFetching(lately.error, header, token)
    try {
      return await remote(header, token)
    } catch (error) {
      if (isAboutTheToken(error)) throw error
      failed.note(error)
      return await withoutFetching(error, header, token)
    }
  }
}

interface Clock {
  nowEpochSeconds(): number
}

/** Remembers the last failure for a moment. */
function failureMemory(clock: Clock): {
  readonly note: (error: unknown) => void
  readonly lately: () => { readonly error: unknown } | undefined
} {
  let last: { readonly error: unknown; readonly atEpochSeconds: number } | undefined
  return {
    note(error) {
      last = { error, atEpochSeconds: clock.nowEpochSeconds() }
    },
    lately() {
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

/** Looks through the places for an issuer's metadata, in order, for one with usable keys. */
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
      failures.push(`${url}: ${error instanceof Error ? error.message : 'no answer'}`)
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
    `The access token of ${showRemote(issuer)} cannot be verified: ${what}. Nothing is known about ` +
      'the token; answer 503 and let the client try again.',
    cause === undefined ? {} : { cause },
  )
}
