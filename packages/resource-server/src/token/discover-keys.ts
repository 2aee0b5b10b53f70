import { authorizationServerMetadataUrls, parseAuthorizationServerMetadata } from '@evergrant/core'
import { fetchJson } from './fetch-json.ts'

/**
 * Finds `jwks_uri` in the metadata of an issuer: tries the possible locations in order.
 *
 * @throws {Error} A message with the result at each location, including what the parser left out.
 */
export async function discoverJwksUri(
  issuer: string,
  fetchImplementation: typeof fetch,
): Promise<URL> {
  const failures: string[] = []
  for (const { url } of authorizationServerMetadataUrls(issuer)) {
    try {
      const document = await fetchJson(url, fetchImplementation)
      const found = jwksUriOf(document, issuer)
      if (found instanceof URL) return found
      failures.push(`${url}: ${found}`)
    } catch (error) {
      failures.push(error instanceof Error ? error.message : `${url}: no response`)
    }
  }
  throw new Error(
    `no usable metadata was found (${failures.join('; ')}). Correct it, or set jwksUri to the URL of ` +
      'the keys',
  )
}

/** Returns the URL, or what is wrong with the document. */
function jwksUriOf(document: unknown, issuer: string): URL | string {
  try {
    // RFC 8414 §3.3: throws for a document that names another issuer.
    const { metadata, warnings } = parseAuthorizationServerMetadata(document, issuer)
    if (metadata.jwks_uri !== undefined) return new URL(metadata.jwks_uri)
    const noted = warnings.map((warning) => warning.message).join(', ')
    const isPresent = warnings.some((warning) => warning.message.startsWith('jwks_uri '))
    if (isPresent) return noted
    return noted === '' ? 'no jwks_uri' : `no jwks_uri (also: ${noted})`
  } catch (error) {
    return error instanceof Error ? error.message : 'not usable'
  }
}
