import { showRemote } from '@evergrant/core'
import { ResourceServerError } from '../lib/errors.ts'
import { assertTrustedUrl } from '../lib/urls.ts'

/**
 * How tokens are introspected.
 *
 * @see RFC 7662
 */
export interface TokenIntrospection {
  /** The ID of this resource server at the authorization server. */
  readonly clientId: string
  readonly clientSecret: string
  /** How the secret is sent. Default `client_secret_basic`. */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post'
  /** Default: `introspection_endpoint` of the metadata. */
  readonly endpoint?: string
  /**
   * Which tokens are introspected. Default `opaque`: tokens that are not JWTs. JWTs are verified with the keys
   * of their issuer, which costs no request. With `all`, a JWT of this issuer is introspected too, so that a
   * revocation ends it within `cacheSeconds`.
   */
  readonly tokens?: 'opaque' | 'all'
  /**
   * How long an answer is used, 0 to 3600 seconds. Default 30. This is the time for which a revoked token
   * still works. With 0, each request costs an introspection, shared by concurrent requests with one token.
   */
  readonly cacheSeconds?: number
  /**
   * What to do if a response has no `aud`. Default `refuse`. With `accept`, S-12 rests on the authorization
   * server: it must answer `active` only if the token is for the resource server that asks (RFC 7662 §4).
   */
  readonly absentAudience?: 'refuse' | 'accept'
  /** Default 5000. */
  readonly timeoutMilliseconds?: number
}

/** @throws {ResourceServerError} `OPTION_INVALID`, `AUTHORIZATION_SERVER_INVALID`. */
export function assertIntrospection(introspection: TokenIntrospection): void {
  const {
    clientId,
    clientSecret,
    endpoint,
    cacheSeconds = 30,
    timeoutMilliseconds = 5000,
  } = introspection
  for (const [name, value] of Object.entries({ clientId, clientSecret })) {
    if (typeof value === 'string' && value !== '') continue
    throw invalid(
      name,
      'empty',
      'the credentials of this resource server. RFC 7662 §2.1 requires them',
    )
  }
  if (endpoint !== undefined) {
    assertTrustedUrl(endpoint, 'AUTHORIZATION_SERVER_INVALID', 'introspection.endpoint')
  }
  if (!(cacheSeconds >= 0 && cacheSeconds <= 3600)) {
    throw invalid('cacheSeconds', String(cacheSeconds), '0 to 3600')
  }
  if (!(timeoutMilliseconds > 0 && timeoutMilliseconds <= 60_000)) {
    throw invalid('timeoutMilliseconds', String(timeoutMilliseconds), '1 to 60000')
  }
}

function invalid(option: string, found: string, expected: string): ResourceServerError {
  return new ResourceServerError(
    'OPTION_INVALID',
    `The option introspection.${option} is ${showRemote(found)} (expected ${expected}). Correct it.`,
  )
}
