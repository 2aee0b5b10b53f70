import { deviceGrantType } from './device-codes.ts'
import type { AuthorizationServerEndpoint, WellKnownForm } from './scripted-server.ts'

/** The metadata document, before a test overrides members. */
export function metadataDocument({
  issuer,
  tokenPath,
  scopesSupported,
  clientIdMetadataDocuments,
  deviceGrant,
}: {
  readonly issuer: string
  readonly tokenPath: string
  readonly scopesSupported: readonly string[]
  readonly clientIdMetadataDocuments: boolean
  readonly deviceGrant: boolean
}): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}${tokenPath}`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/jwks`,
    scopes_supported: scopesSupported,
    response_types_supported: ['code'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      ...(deviceGrant ? [deviceGrantType] : []),
    ],
    ...(deviceGrant ? { device_authorization_endpoint: `${issuer}/device/auth` } : {}),
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    ...(clientIdMetadataDocuments ? { client_id_metadata_document_supported: true } : {}),
  }
}

/** The endpoint at each path. */
export function routesOf(
  issuerPath: string,
  wellKnown: readonly WellKnownForm[],
): Map<string, AuthorizationServerEndpoint> {
  const routes = new Map<string, AuthorizationServerEndpoint>([
    [`${issuerPath}/authorize`, 'authorize'],
    [`${issuerPath}/device/auth`, 'device'],
    [`${issuerPath}/token`, 'token'],
    [`${issuerPath}/register`, 'register'],
    [`${issuerPath}/revoke`, 'revoke'],
    [`${issuerPath}/jwks`, 'jwks'],
  ])
  const paths: Readonly<Record<WellKnownForm, string>> = {
    oauth: `/.well-known/oauth-authorization-server${issuerPath}`,
    'openid-inserted': `/.well-known/openid-configuration${issuerPath}`,
    'openid-appended': `${issuerPath}/.well-known/openid-configuration`,
  }
  for (const form of wellKnown) routes.set(paths[form], 'metadata')
  return routes
}
