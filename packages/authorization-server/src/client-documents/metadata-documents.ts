import { isClientIdMetadataUrl, parseClientIdMetadataDocument } from '@evergrant/core/registration'
import type { ClientIdMetadataDocument } from '@evergrant/core/registration'
import { AuthorizationServerError } from '../lib/errors.ts'
import type { ClientDocumentOptions, ClientDocuments } from './client-documents.ts'
import { createDocumentCache } from './document-cache.ts'
import { parseJson } from './document-kind.ts'

/** The maximum that draft-ietf-oauth-client-id-metadata-document recommends. */
const defaultMaximumMetadataBytes = 5 * 1024

/** Larger documents would fill the cache, which keeps a thousand. */
const largestMaximumMetadataBytes = 64 * 1024

function metadataLimit(bytes: number = defaultMaximumMetadataBytes): number {
  if (Number.isSafeInteger(bytes) && bytes >= 1024 && bytes <= largestMaximumMetadataBytes) {
    return bytes
  }
  throw new AuthorizationServerError(
    'OPTION_INVALID',
    `The option maximumMetadataBytes is ${String(bytes)} (expected a whole number from 1024 to ` +
      `${largestMaximumMetadataBytes}). Correct it, or leave it out for ${defaultMaximumMetadataBytes}.`,
  )
}

/**
 * Resolves Client ID Metadata Documents: the `client_id` is the URL and must be in the
 * document, which is JSON of at most `maximumMetadataBytes`. Documents are cached as HTTP says,
 * failures are remembered briefly, and a copy is used while the host is down.
 *
 * @example
 * ```ts
 * const documents = createClientMetadataDocuments({ fetch: createGuardedFetch(), store })
 * const { document } = await documents.resolve(clientId)
 * ```
 *
 * @see draft-ietf-oauth-client-id-metadata-document
 */
export function createClientMetadataDocuments(
  options: ClientDocumentOptions,
): ClientDocuments<ClientIdMetadataDocument> {
  return createDocumentCache(
    {
      name: 'metadata document',
      isUrl: isClientIdMetadataUrl,
      urlRule: 'a client ID must be an https URL with a path, in its normal spelling',
      maximumBodyBytes: metadataLimit(options.maximumMetadataBytes),
      limitHint:
        'Ask its publisher to shorten it, or raise the option maximumMetadataBytes ' +
        '(client-document-limit of evergrant-as).',
      // Other files on a trusted host, such as uploads of its users, must not count as clients.
      isType: (type) => /^application\/(?:json|[\w.+-]+\+json)\s*(?:;|$)/i.test(type),
      parse: (text, url) => parseClientIdMetadataDocument(parseJson(text), url),
    },
    options,
  )
}
