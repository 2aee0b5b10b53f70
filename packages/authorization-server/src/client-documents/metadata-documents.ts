import { isClientIdMetadataUrl, parseClientIdMetadataDocument } from '@evergrant/core'
import type { ClientIdMetadataDocument } from '@evergrant/core'
import type { ClientDocumentOptions, ClientDocuments } from './client-documents.ts'
import { createDocumentCache, parseJson } from './document-cache.ts'

/**
 * Resolves Client ID Metadata Documents: the `client_id` is the URL, and must be in the document;
 * JSON only, 5 KB at most, cached as HTTP says, failures remembered briefly, and a copy for the
 * time that the host is down.
 *
 * @see draft-ietf-oauth-client-id-metadata-document
 */
export function createClientMetadataDocuments(
  options: ClientDocumentOptions,
): ClientDocuments<ClientIdMetadataDocument> {
  return createDocumentCache({
    ...options,
    name: 'metadata document',
    isUrl: isClientIdMetadataUrl,
    urlRule: 'a client ID is an https URL with a path, in its normal spelling',
    maximumBodyBytes: 5 * 1024,
    // Whatever else lies on a trusted host, such as what its users upload, is no client of it.
    isType: (type) => /^application\/(?:json|[\w.+-]+\+json)\s*(?:;|$)/i.test(type),
    parse: (text, url) => parseClientIdMetadataDocument(parseJson(text), url),
  })
}
