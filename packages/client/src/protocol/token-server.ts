import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import { isSecureEndpoint } from '@evergrant/core/network'
import { isObject } from '../lib/is-object.ts'

/** What requests after a sign-in need to know about an authorization server. */
export type TokenServer = Pick<
  AuthorizationServerMetadata,
  | 'issuer'
  | 'token_endpoint'
  | 'revocation_endpoint'
  | 'token_endpoint_auth_methods_supported'
  | 'client_id_metadata_document_supported'
>

/**
 * Reads a stored server. Its metadata was validated before it was stored, so only the types and the
 * endpoints are checked: no token goes to an endpoint that is not secure.
 */
export function readTokenServer(value: unknown): TokenServer | undefined {
  if (!isObject(value)) return undefined
  const { issuer, token_endpoint, revocation_endpoint } = value
  const methods = value['token_endpoint_auth_methods_supported']
  const documents = value['client_id_metadata_document_supported']
  if (typeof issuer !== 'string' || !isEndpoint(token_endpoint)) return undefined
  return {
    issuer,
    token_endpoint,
    ...(isEndpoint(revocation_endpoint) ? { revocation_endpoint } : {}),
    ...(Array.isArray(methods) && methods.every((method) => typeof method === 'string')
      ? { token_endpoint_auth_methods_supported: methods }
      : {}),
    ...(typeof documents === 'boolean' ? { client_id_metadata_document_supported: documents } : {}),
  }
}

function isEndpoint(value: unknown): value is string {
  return typeof value === 'string' && isSecureEndpoint(value)
}
