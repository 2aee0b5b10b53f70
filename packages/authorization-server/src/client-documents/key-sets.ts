import type { ClientDocumentOptions, ClientDocuments } from './client-documents.ts'
import { createDocumentCache } from './document-cache.ts'
import { parseJson } from './document-kind.ts'

/** A JWK Set (RFC 7517 §5). Only its shape was checked. */
export interface ClientKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/**
 * Resolves `jwks_uri` of clients that authenticate with `private_key_jwt`, so that a client keeps its
 * grants while its key host is down for an hour. At most 512 KB, for keys with certificate chains.
 *
 * @example
 * ```ts
 * const keySets = createClientKeySets({ fetch: createGuardedFetch(), store })
 * const { document } = await keySets.resolve(jwksUri)
 * ```
 */
export function createClientKeySets(options: ClientDocumentOptions): ClientDocuments<ClientKeySet> {
  return createDocumentCache(
    {
      name: 'key set',
      isUrl: (url) => URL.parse(url)?.protocol === 'https:',
      urlRule: 'jwks_uri must be an https URL',
      maximumBodyBytes: 512 * 1024,
      limitHint: 'Its publisher must remove old keys.',
      // Hosts serve key sets with any type. The client chooses this URL, and only public keys fit.
      isType: () => true,
      parse: (text) => {
        const document = parseJson(text)
        if (!isKeySet(document)) throw new Error('expected a JSON object with an array of keys')
        return document
      },
    },
    // They can be a hundred times as long as metadata documents.
    { ...options, maximumDocuments: options.maximumDocuments ?? 100 },
  )
}

function isKeySet(value: unknown): value is ClientKeySet {
  return (
    isMembers(value) && Array.isArray(value['keys']) && value['keys'].every((key) => isMembers(key))
  )
}

function isMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
