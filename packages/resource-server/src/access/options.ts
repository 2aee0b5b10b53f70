import { showRemote } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import type { ScopeImplications } from '../scope/scopes.ts'
import type { DpopOptions } from '../dpop/options.ts'
import { tokenType } from '../token/token-type.ts'
import type { VerifiedAccessToken } from '../token/verification.ts'
import type { TokenMemoryLimits } from '../token/verdict-memory.ts'
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
  /**
   * Verifies proofs of possession (RFC 9449): `{}` for the defaults. Default: tokens that are bound to a key
   * are refused.
   */
  readonly dpop?: DpopOptions
  /**
   * Whether a token was revoked before its expiry, for example because its `jti` is on a deny list. Called
   * for each request with a valid token and never remembered, so a revocation takes effect as fast as
   * this function knows it. If it throws or rejects, the request gets 503. Default: no token is denied.
   */
  readonly isDenied?: (token: VerifiedAccessToken) => boolean | Promise<boolean>
  /**
   * The memory for verified tokens, `false` for none. A remembered token costs no signature check. It ends
   * when it expires, when the keys of its issuer change, or after `maximumAgeSeconds`.
   */
  readonly tokenCache?: TokenCacheOptions | false
  /**
   * How long fetched keys are used, 60 to 86,400 seconds. Default 600. This is the time for which a token still
   * works after its key was removed from the key set. While the keys cannot be fetched, the last ones stay in
   * use for a day (S-18).
   */
  readonly maximumKeyAgeSeconds?: number
  /** Allowed difference between the clocks of both servers, 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number
  /** Default: the clock of this machine. */
  readonly clock?: Clock
  /** Fetches metadata and keys of the authorization server. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

/** Limits of the memory for verified tokens. */
export interface TokenCacheOptions {
  /** Default 10,000. If there are more, those that were not used lately are verified again. */
  readonly maximumTokens?: number
  /**
   * Default 64 MiB. A JWT counts as three times its length and 300 bytes, which is about what the token, its
   * claims and their entry take in memory. An opaque token counts as its length, twice the length of the
   * introspection response, and 300 bytes. Refused tokens take at most 1 MiB more.
   */
  readonly maximumBytes?: number
  /** How long a verification is remembered. Default: until the token expires. */
  readonly maximumAgeSeconds?: number
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

/** The options that decide which tokens are accepted, checked and copied. */
export interface TokenSettings {
  readonly audiences: readonly string[]
  readonly algorithms: readonly string[]
  readonly tokenTypes: readonly string[]
  readonly scopeClaim: string | undefined
  readonly clockToleranceSeconds: number
  readonly maximumKeyAgeSeconds: number
  readonly cacheLimits: TokenMemoryLimits
  readonly clock: Clock
}

/**
 * Checks the options that decide which tokens are accepted.
 *
 * @throws {ResourceServerError} `ALGORITHM_NOT_ALLOWED`, `OPTION_INVALID`.
 */
export function tokenSettings(resource: string, options: ResourceServerOptions): TokenSettings {
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
  asymmetric('dpop.algorithms', options.dpop?.algorithms ?? asymmetricAlgorithms)
  return {
    audiences: [
      ...identifiersOf(resource),
      ...stringList('additionalAudiences', options.additionalAudiences ?? []),
    ],
    algorithms: asymmetric('algorithms', options.algorithms ?? asymmetricAlgorithms),
    tokenTypes: tokenTypes.map((type) => tokenType(type) ?? type),
    scopeClaim,
    clockToleranceSeconds: inRange('clockToleranceSeconds', options.clockToleranceSeconds ?? 5, [
      0,
      60,
      'A larger value would accept expired tokens. Correct the clocks instead',
    ]),
    maximumKeyAgeSeconds: inRange('maximumKeyAgeSeconds', options.maximumKeyAgeSeconds ?? 600, [
      60,
      86_400,
      'Correct it',
    ]),
    cacheLimits: cacheLimits(options.tokenCache ?? {}),
    clock: options.clock ?? systemClock,
  }
}

/** An origin has two forms, and many clients send the one with a slash. */
function identifiersOf(resource: string): string[] {
  return new URL(resource).pathname === '/' ? [resource, `${resource}/`] : [resource]
}

function cacheLimits(options: TokenCacheOptions | false): TokenMemoryLimits {
  if (options === false) return { maximumTokens: 0, maximumBytes: 0, maximumAgeSeconds: 0 }
  const { maximumTokens = 10_000, maximumBytes = 67_108_864, maximumAgeSeconds } = options
  const advice = 'Pass tokenCache: false for no memory'
  return {
    maximumTokens: inRange('tokenCache.maximumTokens', maximumTokens, [1, 10_000_000, advice]),
    maximumBytes: inRange('tokenCache.maximumBytes', maximumBytes, [1, 2 ** 40, advice]),
    maximumAgeSeconds:
      maximumAgeSeconds === undefined
        ? Infinity
        : inRange('tokenCache.maximumAgeSeconds', maximumAgeSeconds, [1, 86_400, advice]),
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

function asymmetric(option: string, algorithms: readonly string[]): readonly string[] {
  const wrong = algorithms.find((algorithm) => !asymmetricAlgorithms.includes(algorithm))
  if (wrong !== undefined || algorithms.length === 0) {
    throw new ResourceServerError(
      'ALGORITHM_NOT_ALLOWED',
      `The option ${option} contains ${wrong === undefined ? 'none' : showRemote(wrong)} (expected ` +
        `${asymmetricAlgorithms.join(', ')}). Only asymmetric algorithms are allowed, because this ` +
        'server must not have the signing key.',
    )
  }
  return [...algorithms]
}

function inRange(
  option: string,
  value: number,
  [least, most, advice]: readonly [number, number, string],
): number {
  if (value >= least && value <= most) return value
  throw new ResourceServerError(
    'OPTION_INVALID',
    `The option ${option} is ${value} (expected ${least} to ${most}). ${advice}.`,
  )
}
