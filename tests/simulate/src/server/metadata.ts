import { authorizationServerScopes } from '@evergrant/authorization-server'
import { resourceScope } from './mcp-server.ts'
import type { ProductRules } from './product-rules.ts'

/** The endpoints of a server, below its issuer. */
export function endpointsOf({ issuer }: Pick<ProductRules, 'issuer'>) {
  const base = issuer.replace(/\/$/, '')
  return {
    authorization: `${base}/authorize`,
    token: `${base}/token`,
    registration: `${base}/register`,
  }
}

/** The scopes that the metadata lists. */
export function listedScopes({ emulation, policy }: ProductRules): readonly string[] {
  const scopes = authorizationServerScopes(['openid', resourceScope], policy)
  if (emulation.offlineAccess === 'by-policy') return scopes
  const others = scopes.filter((scope) => scope !== 'offline_access')
  return emulation.offlineAccess === 'listed' ? [...others, 'offline_access'] : others
}

export function metadataDocument(rules: ProductRules): object {
  const { issuer, emulation } = rules
  const endpoints = endpointsOf(rules)
  return {
    issuer,
    authorization_endpoint: endpoints.authorization,
    token_endpoint: endpoints.token,
    ...(emulation.registration ? { registration_endpoint: endpoints.registration } : {}),
    ...(emulation.scopesSupported ? { scopes_supported: listedScopes(rules) } : {}),
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    ...(emulation.codeChallengeMethods ? { code_challenge_methods_supported: ['S256'] } : {}),
    token_endpoint_auth_methods_supported: ['none'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    jwks_uri: `${issuer.replace(/\/$/, '')}/jwks`,
    ...(emulation.iss ? { authorization_response_iss_parameter_supported: true } : {}),
  }
}

/** Whether the product has metadata at this URL. */
export function servesMetadataAt({ issuer, emulation }: ProductRules, url: URL): boolean {
  const { pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const isOpenid =
    url.pathname === `${path}/.well-known/openid-configuration` ||
    url.pathname === `/.well-known/openid-configuration${path}`
  const isOauth = url.pathname === `/.well-known/oauth-authorization-server${path}`
  if (emulation.metadataAt === 'both') return isOpenid || isOauth
  return emulation.metadataAt === 'oauth-authorization-server' ? isOauth : isOpenid
}
