import { showRemote } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import type { ScopeImplications } from '../scope/scopes.ts'
import type { AccessTokenExpectations } from '../token/access-token.ts'
import { tokenType } from '../token/token-type.ts'
import type { AllowedOrigins } from './cross-origin.ts'

/** Options of {@link createResourceServer}. */
export interface ResourceServerOptions {
  /** `scopes_supported` of the metadata: the scopes for ordinary use. */
  readonly scopesSupported?: readonly string[]
  /** Which broader scope implies which narrower ones. Default: none. */
  readonly scopeImplications?: ScopeImplications
  /** Clients show it to users. */
  readonly resourceName?: string
  readonly resourceDocumentation?: string
  /** Accepted JWS algorithms. Default: the asymmetric ones of RFC 7518, and Ed25519. */
  readonly algorithms?: readonly string[]
  /**
   * Accepted values of the JOSE header `typ`, without `application/`. Default `['at+jwt']`
   * (RFC 9068 §4). Add `'jwt'` for an authorization server that does not follow RFC 9068, and `'absent'`
   * for one that writes no `typ` (Okta, Amazon Cognito, Spring Authorization Server).
   *
   * The type then no longer tells an access token from an ID token of the same issuer (RFC 9068 §5).
   * S-12 rests on the audience, and on claims that only other tokens have: a token with `at_hash`,
   * `c_hash`, `s_hash`, `events`, a `token_use` other than `access`, or the `typ` claim of another
   * Keycloak token is refused.
   */
  readonly tokenTypes?: readonly string[]
  /**
   * Accepted values of `aud` besides the resource identifier, for an authorization server that does
   * not write it: `['api://notes', '6e74172b-…']` for Entra ID, the client ID for Spring Authorization
   * Server. Compared exactly. Default: none.
   *
   * S-12 then rests on the authorization server: it must issue tokens with these audiences for this
   * resource only. Otherwise, another API that receives such a token can use it here. Never list
   * the client ID of an application that also receives ID tokens, unless `tokenTypes` is `['at+jwt']`.
   */
  readonly additionalAudiences?: readonly string[]
  /**
   * The claim that contains the granted scopes, as a string or an array: for example `permissions`
   * (Auth0) or `roles` (Entra ID). Default: `scope`, or `scp` if `scope` is absent or empty.
   *
   * S-12 then rests on the meaning of that claim. `permissions` and `roles` say what the user may do,
   * not what the user let this client do.
   */
  readonly scopeClaim?: string
  /**
   * The origins of browser-based clients, such as `['https://inspector.example.com']`, or a function.
   * Their preflight requests are answered without a token, and their pages can read challenges
   * (S-16). Default: none. The metadata document can be read by every origin.
   */
  readonly allowedOrigins?: AllowedOrigins
  /** Allowed difference between the clocks of both servers, 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number
  /** Default: the clock of this machine. */
  readonly clock?: Clock
  /** Fetches metadata and keys of the authorization server. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

const asymmetricAlgorithms: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
]

/**
 * Checks the options that decide which tokens are accepted.
 *
 * @throws {ResourceServerError} `ALGORITHM_NOT_ALLOWED`, `OPTION_INVALID`.
 */
export function tokenExpectations(
  options: ResourceServerOptions,
): Omit<AccessTokenExpectations, 'resource' | 'keysByIssuer'> {
  const tokenTypes = stringList('tokenTypes', options.tokenTypes ?? ['at+jwt'])
  if (tokenTypes.length === 0) {
    throw new ResourceServerError(
      'OPTION_INVALID',
      "The option tokenTypes is empty, so no token would be accepted (expected values such as 'at+jwt' " +
        "or 'absent'). Add one, or leave the option out.",
    )
  }
  const { scopeClaim } = options
  if (scopeClaim !== undefined) stringList('scopeClaim', [scopeClaim])
  return {
    additionalAudiences: stringList('additionalAudiences', options.additionalAudiences ?? []),
    algorithms: asymmetric(options.algorithms ?? asymmetricAlgorithms),
    tokenTypes: tokenTypes.map((type) => tokenType(type) ?? type),
    scopeClaim,
    clockToleranceSeconds: tolerance(options.clockToleranceSeconds ?? 5),
    clock: options.clock ?? systemClock,
  }
}

/** Refuses values that are empty or have surrounding space, which are typing mistakes. */
function stringList(option: string, values: readonly string[]): readonly string[] {
  const wrong = values.find((value) => value === '' || value !== value.trim())
  if (wrong === undefined) return values
  throw new ResourceServerError(
    'OPTION_INVALID',
    `The option ${option} contains ${showRemote(wrong)} (expected text without surrounding space). ` +
      'Correct the value, or remove it.',
  )
}

function asymmetric(algorithms: readonly string[]): readonly string[] {
  const wrong = algorithms.find((algorithm) => !asymmetricAlgorithms.includes(algorithm))
  if (wrong !== undefined || algorithms.length === 0) {
    throw new ResourceServerError(
      'ALGORITHM_NOT_ALLOWED',
      `The option algorithms contains ${wrong === undefined ? 'none' : showRemote(wrong)} (expected ` +
        `${asymmetricAlgorithms.join(', ')}). Only asymmetric algorithms are allowed, because this ` +
        'server must not have the signing key.',
    )
  }
  return algorithms
}

function tolerance(seconds: number): number {
  if (seconds >= 0 && seconds <= 60) return seconds
  throw new ResourceServerError(
    'OPTION_INVALID',
    `The option clockToleranceSeconds is ${seconds} (expected 0 to 60). A larger value would accept ` +
      'expired tokens. Correct the clocks instead.',
  )
}
