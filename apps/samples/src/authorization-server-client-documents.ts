/**
 * Clients with Client ID Metadata Documents, at your own authorization server.
 */

// #region module
import { AuthorizationServerError } from '@evergrant/authorization-server'
import { createClientMetadataDocuments } from '@evergrant/authorization-server/client-documents'
import type {
  ClientDocuments,
  ClientDocumentStore,
} from '@evergrant/authorization-server/client-documents'
import { createGuardedFetch } from '@evergrant/authorization-server/guarded-fetch'
import type { ClientIdMetadataDocument } from '@evergrant/core/registration'

/** @param store - Keeps documents across restarts, for example in a table of your database. */
export function openClientDocuments(
  store: ClientDocumentStore,
  fetch = createGuardedFetch(),
): ClientDocuments<ClientIdMetadataDocument> {
  return createClientMetadataDocuments({ store, fetch })
}

/** The client, or the error that the token endpoint returns. */
export type FoundClient =
  | { readonly client: ClientIdMetadataDocument }
  | { readonly status: 401; readonly error: 'invalid_client' }
  | { readonly status: 503; readonly error: 'temporarily_unavailable' }

export async function findClient(
  documents: ClientDocuments<ClientIdMetadataDocument>,
  clientId: string,
): Promise<FoundClient> {
  try {
    const { document } = await documents.resolve(clientId)
    return { client: document }
  } catch (error) {
    if (!AuthorizationServerError.is(error)) throw error
    // With invalid_client, the client would discard its grant because of an outage.
    return error.code === 'CLIENT_DOCUMENT_UNAVAILABLE'
      ? { status: 503, error: 'temporarily_unavailable' }
      : { status: 401, error: 'invalid_client' }
  }
}
// #endregion module
