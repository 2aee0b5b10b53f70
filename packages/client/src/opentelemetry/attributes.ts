import type { Attributes } from '@opentelemetry/api'

const maximumIssuerLength = 200

/** Error codes of the token endpoint, as registered for OAuth, and those of known products. */
const knownErrors: ReadonlySet<string> = new Set([
  'access_denied',
  'bad_refresh_token',
  'consent_required',
  'expired_token',
  'interaction_required',
  'invalid_client',
  'invalid_dpop_proof',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
  'login_required',
  'server_error',
  'slow_down',
  'temporarily_unavailable',
  'token_expired',
  'unauthorized_client',
  'unsupported_grant_type',
  'use_dpop_nonce',
])

/** The attribute of the authorization server. Its length is limited, because servers choose it. */
export function byIssuer(issuer: string): { readonly issuer: string } {
  return { issuer: issuer.slice(0, maximumIssuerLength) }
}

/**
 * The attribute of an error code. Codes are texts of servers, and each new value of an attribute costs
 * memory until the process ends, so unknown codes share the value `other`.
 */
export function byOauthError(oauthError: string | undefined): Attributes {
  if (oauthError === undefined) return { oauthError: 'none' }
  return { oauthError: knownErrors.has(oauthError) ? oauthError : 'other' }
}
