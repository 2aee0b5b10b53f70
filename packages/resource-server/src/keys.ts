import { createRemoteJWKSet, customFetch, errors } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import { quote, ResourceServerError } from './errors.ts'
import { parseTrustedUrl } from './urls.ts'

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
  return parseTrustedUrl(jwksUri, 'AUTHORIZATION_SERVER_INVALID', 'jwks_uri')
}

function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}

async function discoverJwksUri(issuer: string, fetchImplementation: typeof fetch): Promise<URL> {
  const failures: string[] = []
  for (const url of metadataUrls(issuer)) {
    const found = await readJwksUri(url, issuer, fetchImplementation)
    if (found.jwksUri !== undefined) return trustedJwksUri(found.jwksUri)
    failures.push(`${url}: ${found.failure}`)
  }
  throw unavailable(issuer, `no usable metadata was found (${failures.join('; ')})`, undefined)
}

/** RFC 8414 §3.1 and OpenID Connect Discovery 1.0 §4, in the order MCP gives. */
function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  const inserted = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
  ]
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`]
}

type Found =
  | { readonly jwksUri: string }
  | { readonly jwksUri?: undefined; readonly failure: string }

async function readJwksUri(
  url: string,
  issuer: string,
  fetchImplementation: typeof fetch,
): Promise<Found> {
  let document: unknown
  try {
    const response = await fetchImplementation(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(5000),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      return { failure: `status ${response.status}` }
    }
    document = await response.json()
  } catch (error) {
    return { failure: error instanceof Error ? error.message : 'no answer' }
  }
  if (typeof document !== 'object' || document === null) return { failure: 'no JSON object' }
  // RFC 8414 §3.3: a document that names another issuer must not be used.
  if (!('issuer' in document) || document.issuer !== issuer) return { failure: 'another issuer' }
  if (!('jwks_uri' in document) || typeof document.jwks_uri !== 'string') {
    return { failure: 'no jwks_uri' }
  }
  return { jwksUri: document.jwks_uri }
}

function unavailable(issuer: string, what: string, cause: unknown): ResourceServerError {
  return new ResourceServerError(
    'KEYS_UNAVAILABLE',
    `The access token of ${quote(issuer)} cannot be verified: ${what}. Nothing is known about ` +
      'the token; answer 503 and let the client try again.',
    cause === undefined ? {} : { cause },
  )
}
