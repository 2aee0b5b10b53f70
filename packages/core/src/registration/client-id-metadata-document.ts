import type { ClientMetadata } from './client-metadata.ts'
import { parseClientMetadata } from './client-metadata.ts'
import { ProtocolError } from '../lib/errors.ts'
import { isRecord, showRemote } from '../lib/remote-text.ts'

/**
 * A Client ID Metadata Document: client metadata under the URL that is the client's ID.
 *
 * @see draft-ietf-oauth-client-id-metadata-document
 */
export interface ClientIdMetadataDocument extends ClientMetadata {
  readonly client_id: string
  readonly client_name: string
}

/**
 * Tells whether a client ID is the URL of a Client ID Metadata Document: `https`, with a path, in
 * its normal spelling (so without dot segments or a default port), without fragment or credentials.
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
 * Validates a Client ID Metadata Document against the URL it was fetched from. A client that has
 * no secret to share cannot use an authentication method that needs one.
 *
 * @param document - The parsed JSON document.
 * @param url - The client ID: compared as a string.
 * @throws {ProtocolError} `CLIENT_METADATA_INVALID`.
 */
export function parseClientIdMetadataDocument(
  document: unknown,
  url: string,
): ClientIdMetadataDocument {
  if (!isClientIdMetadataUrl(url)) {
    throw invalid(`${showRemote(url)} cannot be a client ID: expected an https URL with a path`)
  }
  if (!isRecord(document)) throw invalid(`${url} holds ${showRemote(document)}, not a JSON object`)
  if (document['client_id'] !== url) {
    throw invalid(
      `${url} holds the client_id ${showRemote(document['client_id'])}: expected the URL itself`,
    )
  }
  if ('client_secret' in document || 'client_secret_expires_at' in document) {
    throw invalid(`${url} holds a client secret, which anybody can read there`)
  }
  // The default of RFC 7591 needs a secret, so here the default is what a public client uses.
  const metadata = parseClientMetadata({ token_endpoint_auth_method: 'none', ...document })
  if (metadata.client_name === undefined) throw invalid(`${url} holds no client_name`)
  if (metadata.token_endpoint_auth_method.startsWith('client_secret_')) {
    throw invalid(
      `${url} asks for ${showRemote(metadata.token_endpoint_auth_method)}, which needs a shared secret`,
    )
  }
  return { ...metadata, client_id: url, client_name: metadata.client_name }
}

function invalid(what: string): ProtocolError {
  return new ProtocolError(
    'CLIENT_METADATA_INVALID',
    `The Client ID Metadata Document is not valid: ${what}.`,
  )
}
