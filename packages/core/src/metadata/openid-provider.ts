import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'

/**
 * Whether a server is an OpenID Provider, according to members that only OpenID Providers publish.
 * It decides about `prompt=consent`.
 */
export function isOpenIdProvider(
  metadata: Pick<
    AuthorizationServerMetadata,
    'id_token_signing_alg_values_supported' | 'scopes_supported' | 'subject_types_supported'
  >,
): boolean {
  return (
    metadata.id_token_signing_alg_values_supported !== undefined ||
    metadata.subject_types_supported !== undefined ||
    metadata.scopes_supported?.includes('openid') === true
  )
}
