import {
  authorizationServerMetadataUrls,
  parseAuthorizationServerMetadata,
  showRemote,
} from '@evergrant/core'
import { createRemoteJWKSet, customFetch, errors } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import { ResourceServerError } from './errors.ts'
import { assertTrustedUrl } from './urls.ts'

/** An authorization server whose tokens are accepted. */
export interface TrustedAuthorizationServer {
  readonly issuer: string
  /** Where its keys are. Default: what its metadata says. */
  readonly jwksUri?: string
}

/**
 * Finds the key of a token at its issuer. Keys are cached by jose, which fetches them again when
 * a token names an unknown one, at most every 30 seconds.
 *
 * @returns A resolver that throws {@link ResourceServerError} `KEYS_UNAVAILABLE` when the keys
 * cannot be fetched, and jose's own errors when they can and none fits.
 */
export function issuerKeys(
  server: TrustedAuthorizationServer,
  fetchImplementation: typeof fetch = fetch,
): JWTVerifyGetKey {
  let pending: Promise<JWTVerifyGetKey> | undefined
  if (server.jwksUri !== undefined) {
    pending = Promise.resolve(remoteKeys(trustedJwksUri(server.jwksUri), fetchImplementation))
  }

  /** One discovery for all requests that wait for it; a failed one is not kept. */
  async function keySet(): Promise<JWTVerifyGetKey> {
    pending ??= discoverJwksUri(server.issuer, fetchImplementation).then((url) =>
      remoteKeys(url, fetchImplementation),
    )
    try {
      return await pending
    } catch (error) {
      pending = undefined
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

function remoteKeys(url: URL, fetchImplementation: typeof fetch): JWTVerifyGetKey {
  return createRemoteJWKSet(url, {
    [customFetch]: (address, init) => fetchImplementation(address, init),
  })
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
