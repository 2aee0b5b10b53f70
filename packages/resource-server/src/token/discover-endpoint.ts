import {
  authorizationServerMetadataUrls,
  parseAuthorizationServerMetadata,
} from '@evergrant/core/metadata'
import { fetchJson } from '../lib/fetch-json.ts'

/** The members of authorization server metadata that this package uses, and the options that replace them. */
const optionNames = {
  jwks_uri: 'jwksUri to the URL of the keys',
  introspection_endpoint: 'introspection.endpoint to its URL',
} as const

export type DiscoveredEndpoint = keyof typeof optionNames

/**
 * Finds an endpoint in the metadata of an issuer: tries the possible locations in order.
 *
 * @throws {Error} A message with the result at each location, including what the parser left out.
 */
export async function discoverEndpoint(
  issuer: string,
  member: DiscoveredEndpoint,
  fetchImplementation: typeof fetch,
): Promise<URL> {
  const failures: string[] = []
  for (const { url } of authorizationServerMetadataUrls(issuer)) {
    try {
      const document = await fetchJson(url, fetchImplementation)
      const found = endpointOf(document, issuer, member)
      if (found instanceof URL) return found
      failures.push(`${url}: ${found}`)
    } catch (error) {
      failures.push(error instanceof Error ? error.message : `${url}: no response`)
    }
  }
  throw new Error(
    `no usable metadata was found (${failures.join('; ')}). Correct it, or set ${optionNames[member]}`,
  )
}

/** Returns the URL, or what is wrong with the document. */
function endpointOf(document: unknown, issuer: string, member: DiscoveredEndpoint): URL | string {
  try {
    // RFC 8414 §3.3: throws for a document that names another issuer.
    const { metadata, warnings } = parseAuthorizationServerMetadata(document, issuer)
    const url = metadata[member]
    if (url !== undefined) return new URL(url)
    const noted = warnings.map((warning) => warning.message).join(', ')
    const isPresent = warnings.some((warning) => warning.message.startsWith(`${member} `))
    if (isPresent) return noted
    return noted === '' ? `no ${member}` : `no ${member} (also: ${noted})`
  } catch (error) {
    return error instanceof Error ? error.message : 'not usable'
  }
}
