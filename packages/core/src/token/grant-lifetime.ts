import { readNumber } from '../lib/remote-number.ts'
import { showRemote } from '../lib/remote-text.ts'
import type { TokenResponseWarning } from './token-response-warning.ts'

/** The members of token responses that announce when a refresh token or an authorization ends. */
export type LifetimeMember =
  /** draft-ietf-oauth-refresh-token-expiration */
  | 'refresh_token_timeout'
  /** draft-ietf-oauth-refresh-token-expiration, in all versions */
  | 'authorization_expires_in'
  /** draft-watson-oauth-refresh-token-expiration-01, and many products */
  | 'refresh_token_expires_in'
  /** Keycloak */
  | 'refresh_expires_in'
  /** Intuit */
  | 'x_refresh_token_expires_in'

/** A lifetime that a token response announces. */
export interface AnnouncedLifetime {
  readonly seconds: number
  readonly source: LifetimeMember
}

/** The lifetimes of a token response. An absent one says nothing: the grant may end at any time. */
export interface GrantLifetimes {
  /** How long the refresh token can be used. Servers may extend it at each refresh. */
  readonly refreshToken?: AnnouncedLifetime
  /** How long the user's authorization lasts. A refresh does not extend it. */
  readonly authorization?: AnnouncedLifetime
}

/** When a refresh token or an authorization ends. */
export interface GrantExpiry {
  readonly atEpochSeconds: number
  /** The member of the token response that said so. */
  readonly source: LifetimeMember
  /** Whether a refresh does not extend it. `false` until a refresh has shown that. */
  readonly isFixed: boolean
}

/** Ten years. A server that sends more probably counts in milliseconds, or sends a date. */
export const longestPlausibleSeconds = 315_360_000
/** The draft requires clients to accept large values. Larger ones are outside the range of dates. */
const maximumDraftSeconds = 100_000_000_000

const refreshTokenMembers: readonly LifetimeMember[] = [
  'refresh_token_timeout',
  'refresh_token_expires_in',
  'refresh_expires_in',
  'x_refresh_token_expires_in',
]

/** Whether a value is a {@link LifetimeMember}. */
export function isLifetimeMember(value: unknown): value is LifetimeMember {
  const members: readonly unknown[] = [...refreshTokenMembers, 'authorization_expires_in']
  return members.includes(value)
}

/**
 * Reads the lifetimes that a token response announces. A value that cannot be a lifetime is left out
 * with a warning.
 *
 * @see draft-ietf-oauth-refresh-token-expiration-03, Token endpoint response
 */
export function readGrantLifetimes(
  body: Readonly<Record<string, unknown>>,
  warnings: TokenResponseWarning[],
): GrantLifetimes {
  const authorization = readLifetime(body, 'authorization_expires_in', warnings)
  const refreshToken = refreshTokenMembers
    .map((member) => readLifetime(body, member, warnings))
    .find((lifetime) => lifetime !== undefined)
  return {
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(authorization === undefined ? {} : { authorization }),
  }
}

function readLifetime(
  body: Readonly<Record<string, unknown>>,
  source: LifetimeMember,
  warnings: TokenResponseWarning[],
): AnnouncedLifetime | undefined {
  const value = body[source]
  if (value === undefined || value === null || value === '') return undefined
  const number = readNumber(value)
  const seconds = number !== undefined && Number.isFinite(number) ? Math.floor(number) : undefined
  // Keycloak sends 0 for offline sessions, which have no such end.
  if (seconds === 0 && source === 'refresh_expires_in') return undefined
  const isDraft = source === 'refresh_token_timeout' || source === 'authorization_expires_in'
  const maximum = isDraft ? maximumDraftSeconds : longestPlausibleSeconds
  if (seconds !== undefined && seconds > 0 && seconds <= maximum) return { seconds, source }
  warnings.push({
    code: 'grant-lifetime-ignored',
    message: `${source} is ${showRemote(value)}, which is not a plausible number of seconds; it was left out`,
  })
  return undefined
}

/** Within a shorter time, the duration of the requests hides whether a refresh extended the end. */
const shortestComparisonSeconds = 10

/** The end that a response announces, compared with the end that was known before. */
export function mergeExpiry(
  previous: GrantExpiry | undefined,
  announced: AnnouncedLifetime | undefined,
  options: {
    readonly nowEpochSeconds: number
    /** When the previous end was announced. */
    readonly previousAtEpochSeconds: number | undefined
    readonly isRotated: boolean
  },
): GrantExpiry | undefined {
  if (announced === undefined) {
    // When the former refresh token ends says nothing about a new one.
    if (previous === undefined || options.isRotated) return undefined
    return { ...previous, isFixed: true }
  }
  const atEpochSeconds = Math.floor(options.nowEpochSeconds) + announced.seconds
  const { source } = announced
  if (source === 'authorization_expires_in') return { atEpochSeconds, source, isFixed: true }
  const elapsed = options.nowEpochSeconds - (options.previousAtEpochSeconds ?? Number.NaN)
  if (previous === undefined || !(elapsed >= shortestComparisonSeconds)) {
    return { atEpochSeconds, source, isFixed: previous?.isFixed ?? false }
  }
  // An end that each refresh extends moves by the elapsed time.
  return {
    atEpochSeconds,
    source,
    isFixed: atEpochSeconds - previous.atEpochSeconds < elapsed / 2,
  }
}
