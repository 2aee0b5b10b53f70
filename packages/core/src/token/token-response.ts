import { ProtocolError } from '../lib/errors.ts'
import { isRecord, showRemote } from '../lib/remote-text.ts'
import { missingScopes, offlineAccess, readScope } from '../scope/scope.ts'

/** How an access token is presented: the scheme of the `Authorization` header. */
export type TokenType = 'Bearer' | 'DPoP'

/** Something a token response should not have held, and what was made of it. */
export interface TokenResponseWarning {
  readonly code:
    | 'token-type-absent'
    | 'expires-in-ignored'
    | 'expires-in-capped'
    | 'refresh-token-ignored'
    | 'scope-ignored'
  /** Plain words, without any token. */
  readonly message: string
}

/** A token response with every member checked. The wire's names are kept. */
export interface TokenResponse {
  readonly access_token: string
  /** In the spelling the `Authorization` header uses, whatever the server's was. */
  readonly token_type: TokenType
  /** Lifetime in seconds, at least 1; `undefined` where the server said nothing usable. */
  readonly expires_in: number | undefined
  readonly refresh_token: string | undefined
  /** Granted scope, single spaces, each token once; `undefined` where none came. */
  readonly scope: string | undefined
  readonly warnings: readonly TokenResponseWarning[]
}

/** Longest lifetime believed: ten years. More is a server that counts in milliseconds. */
const longestLifetimeSeconds = 315_360_000

// RFC 6749 appendix A.12 and A.17: 1*VSCHAR. Anything else cannot be put in a header or a form
// safely, and a runtime that refuses it may print the token in its error.
const visibleCharacters = /^[\x20-\x7e]+$/

/**
 * Validates the body of a successful token response. ID tokens and members it does not know are
 * left out.
 *
 * A slip that leaves the tokens usable is a warning, because an error here would throw away a
 * refresh token that the server has just rotated: `expires_in` may be a numeric string; zero,
 * negative or not a number it counts as absent; more than ten years it is cut to ten years. An
 * absent `token_type` counts as `Bearer`. `null` and empty strings count as absent.
 *
 * @param body - The parsed JSON body.
 * @throws {ProtocolError} `TOKEN_RESPONSE_INVALID` where there is no access token, or it cannot be
 *   presented: not a string of visible ASCII characters, or of an unknown `token_type`.
 * @see RFC 6749 §5.1
 */
export function parseTokenResponse(body: unknown): TokenResponse {
  if (!isRecord(body)) {
    throw invalid(`is ${Array.isArray(body) ? 'an array' : typeof body}, not a JSON object`)
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
    warnings,
  }
}

function invalid(what: string): ProtocolError {
  return new ProtocolError(
    'TOKEN_RESPONSE_INVALID',
    `The token response ${what}. Expected the JSON object of RFC 6749 §5.1 with access_token and ` +
      'token_type. Check that the URL is the token endpoint, and the authorization server’s logs.',
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
  throw invalid(`has the token_type ${showRemote(value)}, and only Bearer and DPoP are supported`)
}

function readLifetime(value: unknown, warnings: TokenResponseWarning[]): number | undefined {
  if (value === undefined || value === null) return undefined
  const seconds =
    typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : value
  if (typeof seconds !== 'number' || !(seconds > 0)) {
    warnings.push({
      code: 'expires-in-ignored',
      message:
        `expires_in is ${showRemote(value)}, which is no lifetime; the token is used until ` +
        'the resource server rejects it',
    })
    return undefined
  }
  if (seconds > longestLifetimeSeconds) {
    warnings.push({
      code: 'expires-in-capped',
      message: `expires_in is ${showRemote(value)}; more than ten years is taken for ten years`,
    })
    return longestLifetimeSeconds
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
      message: `scope is ${showRemote(value)}; what is no scope token in it was left out`,
    })
  }
  return tokens.length === 0 ? undefined : tokens.join(' ')
}

/** The tokens of one grant as a client keeps them. Plain data: it survives JSON. */
export interface TokenSet {
  readonly accessToken: string
  readonly tokenType: TokenType
  /** `undefined` where the server gave no lifetime: only a rejection tells. */
  readonly expiresAtEpochSeconds: number | undefined
  readonly issuedAtEpochSeconds: number
  readonly refreshToken: string | undefined
  /** The scope in force: what was granted, else what was asked for, else what was before. */
  readonly scope: string | undefined
}

/** Options of {@link mergeTokenResponse}. */
export interface MergeTokenResponseOptions {
  /** The time the lifetime counts from. Best taken before the request was sent. */
  readonly nowEpochSeconds: number
  /** The `scope` that was sent to get this response; leave it out where none was sent. */
  readonly requestedScope?: string | undefined
}

/** What a token response changed. */
export interface TokenMerge {
  readonly tokenSet: TokenSet
  /**
   * - `issued`: there was none before, now there is one.
   * - `rotated`: a new one replaces the old one.
   * - `kept`: none came, or the same; the old one stays in force.
   * - `none`: there is none, before and after. The server was free to decide that.
   */
  readonly refreshToken: 'issued' | 'rotated' | 'kept' | 'none'
  /**
   * What was asked for, or held before, and was not granted. `offline_access` is never counted:
   * many servers grant it without saying so.
   */
  readonly missingScopes: readonly string[]
}

/**
 * Merges a token response into what the client holds: a refresh token that did not come is kept,
 * and so is a scope that did not come (C-50); a scope that came narrower is reported (C-56).
 *
 * @param previous - What the grant held before a refresh. For a code exchange `undefined`: a new
 *   grant must not inherit the refresh token of the old one.
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
          : // Servers count in whole seconds: a token issued late in a second ends that much earlier.
            Math.floor(options.nowEpochSeconds) + response.expires_in,
      issuedAtEpochSeconds: options.nowEpochSeconds,
      refreshToken,
      scope: response.scope ?? expected,
    },
    refreshToken: refreshTokenOutcome(previous?.refreshToken, refreshToken),
    missingScopes:
      response.scope === undefined
        ? []
        : missingScopes(readScope(expected).tokens, readScope(response.scope).tokens).filter(
            (token) => token !== offlineAccess,
          ),
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
