import type { ClientDocumentOptions, ClientDocuments } from './client-documents.ts'
import { createDocumentCache, parseJson } from './document-cache.ts'

/** A JWK Set (RFC 7517 §5), of which only the shape was looked at. */
export interface ClientKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/**
 * Resolves `jwks_uri` of clients that authenticate with `private_key_jwt`: a client whose key host
 * is down for an hour must not lose its grants. 512 KB at most, for keys with certificate chains.
 */
export function createClientKeySets(options: ClientDocumentOptions): ClientDocuments<ClientKeySet> {
  return createDocumentCache({
    ...options,
    // They may be a hundred times as long as metadata documents.
    maximumDocuments: options.maximumDocuments ?? 100,
    name: 'key set',
    isUrl: (url) => URL.parse(url)?.protocol === 'https:',
    urlRule: 'a jwks_uri is an https URL here',
    maximumBodyBytes: 512 * 1024,
    // Hosts serve key sets as whatever; a client names this URL itself, and only public keys fit.
    isType: () => true,
    parse: (text) => {
      const document = parseJson(text)
      if (!isKeySet(document)) throw new Error('expected a JSON object with an array of keys')
      return document
    },
  })
}

function isKeySet(value: unknown): value is ClientKeySet {
  return (
    isMembers(value) && Array.isArray(value['keys']) && value['keys'].every((key) => isMembers(key))
  )
}

function isMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
