import { ProtocolError } from '../lib/errors.ts'
import { readNumber } from '../lib/remote-number.ts'
import { isRecord, kindOfBody, showRemote } from '../lib/remote-text.ts'
import type { GrantExpiry, GrantLifetimes } from './grant-lifetime.ts'
import { longestPlausibleSeconds, mergeExpiry, readGrantLifetimes } from './grant-lifetime.ts'
import type { TokenResponseWarning } from './token-response-warning.ts'
import { missingScopes, offlineAccess, readScope } from '../scope/scope.ts'
import { scopeSpellings } from '../scope/scope-spellings.ts'

/** The scheme of the `Authorization` header with which an access token is presented. */
export type TokenType = 'Bearer' | 'DPoP'

/** A validated token response, with the member names of the wire. */
export interface TokenResponse {
  readonly access_token: string
  /** In the spelling of the `Authorization` header, regardless of the server's spelling. */
  readonly token_type: TokenType
  /** Lifetime in seconds, at least 1; `undefined` if the server sent no usable value. */
  readonly expires_in: number | undefined
  readonly refresh_token: string | undefined
  /** Granted scope with single spaces, each token once; `undefined` if absent. */
  readonly scope: string | undefined
  /** How long the grant lasts, as far as the server says so. */
  readonly lifetimes?: GrantLifetimes
  readonly warnings: readonly TokenResponseWarning[]
}

// RFC 6749 appendix A.12 and A.17: 1*VSCHAR. Other characters are not safe in a header or a form,
// and a runtime that rejects them may print the token in its error.
const visibleCharacters = /^[\x20-\x7e]+$/

/**
 * Parses the body of a successful token response. ID tokens and unknown members are left out.
 *
 * A deviation with usable tokens is a warning, because an error would discard a refresh token that
 * the server has just rotated. `expires_in` may be a numeric string. If it is zero, negative or not a
 * number, it counts as absent, and more than ten years count as ten years. An absent `token_type`
 * counts as `Bearer`. `null` and empty strings count as absent.
 *
 * @param body - The parsed JSON body.
 * @throws {ProtocolError} `TOKEN_RESPONSE_INVALID` if the access token is missing, is not a string of
 *   visible ASCII characters, or has an unknown `token_type`.
 * @see RFC 6749 §5.1
 */
export function parseTokenResponse(body: unknown): TokenResponse {
  if (!isRecord(body)) {
    throw invalid(`is ${kindOfBody(body)}`)
  }
  const warnings: TokenResponseWarning[] = []
  const accessToken = body['access_token']
  if (accessToken === undefined || accessToken === null || accessToken === '') {
    throw invalid('has no access_token')
  }
  if (typeof accessToken !== 'string' || !visibleCharacters.test(accessToken)) {
    throw invalid('has an access_token that is not a string of visible ASCII characters')
  }
  return {
    access_token: accessToken,
    token_type: readTokenType(body['token_type'], warnings),
    expires_in: readLifetime(body['expires_in'], warnings),
    refresh_token: readRefreshToken(body['refresh_token'], warnings),
    scope: readGrantedScope(body['scope'], warnings),
    ...announcedLifetimes(body, warnings),
    warnings,
  }
}

function announcedLifetimes(
  body: Readonly<Record<string, unknown>>,
  warnings: TokenResponseWarning[],
): Pick<TokenResponse, 'lifetimes'> {
  const lifetimes = readGrantLifetimes(body, warnings)
  return Object.keys(lifetimes).length === 0 ? {} : { lifetimes }
}

function invalid(what: string): ProtocolError {
  return new ProtocolError(
    'TOKEN_RESPONSE_INVALID',
    `The token response ${what} (expected a JSON object with access_token and token_type, ` +
      'RFC 6749 §5.1). Check that the URL is the token endpoint, and the authorization server’s logs.',
  )
}

function readTokenType(value: unknown, warnings: TokenResponseWarning[]): TokenType {
  if (value === undefined || value === null || value === '') {
    warnings.push({
      code: 'token-type-absent',
      message: 'token_type is missing; the token is used as a bearer token',
    })
    return 'Bearer'
  }
  const name = typeof value === 'string' ? value.toLowerCase() : ''
  if (name === 'bearer') return 'Bearer'
  if (name === 'dpop') return 'DPoP'
  throw invalid(`has the token_type ${showRemote(value)}, but only Bearer and DPoP are supported`)
}

function readLifetime(value: unknown, warnings: TokenResponseWarning[]): number | undefined {
  if (value === undefined || value === null) return undefined
  const seconds = readNumber(value)
  if (seconds === undefined || !(seconds > 0)) {
    warnings.push({
      code: 'expires-in-ignored',
      message:
        `expires_in is ${showRemote(value)}, which is not a lifetime; the token is used until ` +
        'the resource server rejects it',
    })
    return undefined
  }
  if (seconds > longestPlausibleSeconds) {
    warnings.push({
      code: 'expires-in-capped',
      message: `expires_in is ${showRemote(value)}; more than ten years count as ten years`,
    })
    return longestPlausibleSeconds
  }
  return Math.max(1, Math.floor(seconds))
}

function readRefreshToken(value: unknown, warnings: TokenResponseWarning[]): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string' && visibleCharacters.test(value)) return value
  warnings.push({
    code: 'refresh-token-ignored',
    message: 'refresh_token is not a string of visible ASCII characters and was left out',
  })
  return undefined
}

function readGrantedScope(value: unknown, warnings: TokenResponseWarning[]): string | undefined {
  if (value === undefined || value === null) return undefined
  const { tokens, ignored } = readScope(value)
  if (ignored.length > 0 || (typeof value !== 'string' && tokens.length === 0)) {
    warnings.push({
      code: 'scope-ignored',
      message: `scope is ${showRemote(value)}; invalid scope tokens were left out`,
    })
  }
  return tokens.length === 0 ? undefined : tokens.join(' ')
}

/** The tokens of one grant, as a client stores them. Plain JSON data. */
export interface TokenSet {
  readonly accessToken: string
  readonly tokenType: TokenType
  /** `undefined` if the server sent no lifetime: the token is used until it is rejected. */
  readonly expiresAtEpochSeconds: number | undefined
  readonly issuedAtEpochSeconds: number
  readonly refreshToken: string | undefined
  /** The current scope: the granted one, otherwise the requested one, otherwise the previous one. */
  readonly scope: string | undefined
  /** When the refresh token ends; absent if the server does not say so. */
  readonly refreshTokenExpiry?: GrantExpiry
  /** When the user's authorization ends; absent if the server does not say so. */
  readonly authorizationExpiry?: GrantExpiry
}

/** Options of {@link mergeTokenResponse}. */
export interface MergeTokenResponseOptions {
  /** The start of the lifetime. Use the time before the request was sent. */
  readonly nowEpochSeconds: number
  /** The `scope` of the request; leave it out if the request had none. */
  readonly requestedScope?: string | undefined
}

/** The result of {@link mergeTokenResponse}. */
export interface TokenMerge {
  readonly tokenSet: TokenSet
  /**
   * - `issued`: the first refresh token of the grant.
   * - `rotated`: a new one replaces the old one.
   * - `kept`: the response contains none, or the same one. The old one stays valid.
   * - `none`: the grant has none. The server may decide that.
   */
  readonly refreshToken: 'issued' | 'rotated' | 'kept' | 'none'
  /**
   * Scope that was requested or previously granted, and is not granted now. Never includes
   * `offline_access`, because many servers grant it without listing it.
   */
  readonly missingScopes: readonly string[]
}

/**
 * Merges a token response into the previous token set. If the response has no refresh token or no
 * scope, the previous one is kept (C-50). A narrower scope is reported (C-56).
 *
 * @param previous - The token set before a refresh. Pass `undefined` for a code exchange: a new grant
 *   must not inherit the refresh token of the old one.
 * @see RFC 6749 §5.1 (an absent `scope` means: as requested), §6 (refresh tokens may be replaced)
 */
export function mergeTokenResponse(
  previous: TokenSet | undefined,
  response: TokenResponse,
  options: MergeTokenResponseOptions,
): TokenMerge {
  const refreshToken = response.refresh_token ?? previous?.refreshToken
  const expected = options.requestedScope ?? previous?.scope
  return {
    tokenSet: {
      accessToken: response.access_token,
      tokenType: response.token_type,
      expiresAtEpochSeconds:
        response.expires_in === undefined
          ? undefined
          : // Servers count in whole seconds, so round the start down.
            Math.floor(options.nowEpochSeconds) + response.expires_in,
      issuedAtEpochSeconds: options.nowEpochSeconds,
      refreshToken,
      scope: response.scope ?? expected,
      ...expiries(previous, response, options.nowEpochSeconds),
    },
    refreshToken: refreshTokenOutcome(previous?.refreshToken, refreshToken),
    missingScopes:
      response.scope === undefined
        ? []
        : missingScopes(
            readScope(expected).tokens,
            readScope(response.scope).tokens.flatMap(scopeSpellings),
          ).filter((token) => token !== offlineAccess),
  }
}

function expiries(
  previous: TokenSet | undefined,
  { lifetimes, refresh_token: issued }: TokenResponse,
  nowEpochSeconds: number,
): Pick<TokenSet, 'refreshTokenExpiry' | 'authorizationExpiry'> {
  const options = {
    nowEpochSeconds,
    previousAtEpochSeconds: previous?.issuedAtEpochSeconds,
    isRotated: issued !== undefined && issued !== previous?.refreshToken,
  }
  const refreshTokenExpiry = mergeExpiry(
    previous?.refreshTokenExpiry,
    lifetimes?.refreshToken,
    options,
  )
  const authorizationExpiry = mergeExpiry(
    previous?.authorizationExpiry,
    lifetimes?.authorization,
    options,
  )
  return {
    ...(refreshTokenExpiry === undefined ? {} : { refreshTokenExpiry }),
    ...(authorizationExpiry === undefined ? {} : { authorizationExpiry }),
  }
}

function refreshTokenOutcome(
  before: string | undefined,
  after: string | undefined,
): TokenMerge['refreshToken'] {
  if (after === undefined) return 'none'
  if (before === undefined) return 'issued'
  return before === after ? 'kept' : 'rotated'
}
