import { decodeProtectedHeader, decodeJwt } from 'jose'
import { introspectTokens } from '../introspection/introspect-tokens.ts'
import { ResourceServerError } from '../lib/errors.ts'
import { verifyAccessToken } from '../token/access-token.ts'
import { isCompactForm } from '../token/compact-form.ts'
import { issuerKeys } from '../token/keys.ts'
import { refused } from '../token/verification.ts'
import type { VerifyToken } from '../token/verification.ts'
import { rememberVerifiedTokens } from '../token/verified-tokens.ts'
import type { VerifiedTokens } from '../token/verified-tokens.ts'
import { isTokenText } from './credentials.ts'
import type { TokenSettings } from './options.ts'
import type { TrustedAuthorizationServer } from './trusted-authorization-server.ts'

/**
 * Verifies the tokens of the trusted authorization servers, by their keys or by introspection, and remembers
 * the verdicts. The memory belongs to these settings: no verdict serves another resource or option.
 *
 * @throws {ResourceServerError} `AUTHORIZATION_SERVER_INVALID`, `OPTION_INVALID`.
 */
export function createTokenVerifier(
  trusted: readonly TrustedAuthorizationServer[],
  settings: TokenSettings,
  fetchImplementation: typeof fetch,
): VerifiedTokens {
  const { clock, maximumKeyAgeSeconds } = settings
  const fetching = { fetch: fetchImplementation, clock, maximumKeyAgeSeconds }
  const keysByIssuer = new Map(
    trusted.map((server) => [server.issuer, issuerKeys(server, fetching)]),
  )
  const introspecting = introspectingServer(trusted)
  const opaque =
    introspecting === undefined
      ? undefined
      : {
          verify: introspectTokens({ ...introspecting, ...fetching, expectations: settings }),
          includes: (token: string) => isIntrospected(token, introspecting),
        }

  const expectations = { ...settings, keysByIssuer }
  // Returns the promise of the verification itself. A second one would cost time.
  const verify: VerifyToken = (token) => {
    const isJwt = isCompactForm(token)
    if (!isJwt && !isTokenText(token)) return Promise.resolve(refused('malformed-credentials'))
    if (opaque?.includes(token) === true) return opaque.verify(token)
    return isJwt
      ? verifyAccessToken(token, expectations)
      : Promise.resolve(refused('token-malformed'))
  }
  return rememberVerifiedTokens(verify, settings.cacheLimits, clock)
}

type IntrospectingServer = Required<Pick<TrustedAuthorizationServer, 'issuer' | 'introspection'>>

/** @throws {ResourceServerError} `OPTION_INVALID` if there are several. */
function introspectingServer(
  trusted: readonly TrustedAuthorizationServer[],
): IntrospectingServer | undefined {
  const found = trusted.flatMap(({ issuer, introspection }) =>
    introspection === undefined ? [] : [{ issuer, introspection }],
  )
  if (found.length <= 1) return found[0]
  throw new ResourceServerError(
    'OPTION_INVALID',
    `The option introspection is set for ${found.map((server) => server.issuer).join(' and ')} (expected ` +
      'one authorization server). The issuer of an opaque token is unknown, and a token must not be sent to ' +
      'another server. Protect a resource of its own for each.',
  )
}

/** Whether a token is opaque, or a JWT that this server wants to be asked about. */
function isIntrospected(token: string, server: IntrospectingServer): boolean {
  const issuer = issuerOf(token)
  if (issuer === 'opaque') return true
  return server.introspection.tokens === 'all' && issuer.name === server.issuer
}

function issuerOf(token: string): 'opaque' | { readonly name: string | undefined } {
  try {
    decodeProtectedHeader(token)
    return { name: decodeJwt(token).iss }
  } catch {
    return 'opaque'
  }
}
