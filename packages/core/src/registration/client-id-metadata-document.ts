import type { ClientMetadata } from './client-metadata.ts'
import { parseClientMetadata } from './client-metadata.ts'
import { ProtocolError } from '../lib/errors.ts'
import { isRecord, showRemote } from '../lib/remote-text.ts'

/**
 * A Client ID Metadata Document: client metadata at the URL that is the client ID.
 *
 * @see draft-ietf-oauth-client-id-metadata-document
 */
export interface ClientIdMetadataDocument extends ClientMetadata {
  readonly client_id: string
  readonly client_name: string
}

/**
 * Whether a client ID is the URL of a Client ID Metadata Document: `https`, with a path, normalized
 * (without dot segments or a default port), without fragment or credentials.
 */
export function isClientIdMetadataUrl(clientId: string): boolean {
  if (!URL.canParse(clientId)) return false
  const url = new URL(clientId)
  return (
    url.protocol === 'https:' &&
    url.href === clientId &&
    url.pathname !== '/' &&
    url.username === '' &&
    url.password === '' &&
    !clientId.includes('#')
  )
}

/**
 * Validates a Client ID Metadata Document against the URL it was fetched from. Authentication methods
 * that need a shared secret are rejected.
 *
 * @param document - The parsed JSON document.
 * @param url - The client ID. Compared as a string.
 * @throws {ProtocolError} `CLIENT_METADATA_INVALID`.
 */
export function parseClientIdMetadataDocument(
  document: unknown,
  url: string,
): ClientIdMetadataDocument {
  if (!isClientIdMetadataUrl(url)) {
    throw invalid(`${showRemote(url)} is not a valid client ID (expected an https URL with a path)`)
  }
  if (!isRecord(document))
    throw invalid(`${url} contains ${showRemote(document)} (expected a JSON object)`)
  if (document['client_id'] !== url) {
    throw invalid(
      `${url} contains the client_id ${showRemote(document['client_id'])} (expected the URL of the document)`,
    )
  }
  if ('client_secret' in document || 'client_secret_expires_at' in document) {
    throw invalid(`${url} contains a client secret, which is public there`)
  }
  // The default method of RFC 7591 needs a secret. Use that of a public client instead.
  const metadata = parseClientMetadata({ token_endpoint_auth_method: 'none', ...document })
  if (metadata.client_name === undefined) throw invalid(`${url} contains no client_name`)
  if (metadata.token_endpoint_auth_method.startsWith('client_secret_')) {
    throw invalid(
      `${url} specifies ${showRemote(metadata.token_endpoint_auth_method)}, which requires a shared secret`,
    )
  }
  return { ...metadata, client_id: url, client_name: metadata.client_name }
}

function invalid(what: string): ProtocolError {
  return new ProtocolError(
    'CLIENT_METADATA_INVALID',
    `The Client ID Metadata Document is not valid: ${what}. Fix it at the client's website.`,
  )
}
