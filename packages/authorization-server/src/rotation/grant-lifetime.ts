import type { RefreshTokenRecord } from './refresh-token-store.ts'

/**
 * How long a refresh token and its authorization are good, counted from now, with the names of the
 * wire. Spread it into the token response.
 *
 * @see draft-ietf-oauth-refresh-token-expiration-03, token endpoint response
 */
export interface GrantLifetime {
  /** Seconds for which the client may hold the token without exchanging it. */
  readonly refresh_token_timeout: number
  /** Seconds until the user must authorize again. Never less than `refresh_token_timeout`. */
  readonly authorization_expires_in: number
}

/**
 * Value of `refresh_token_expiration_types_supported` in authorization server metadata, for a server
 * that sends {@link GrantLifetime}. Both lifetimes of this package are always finite.
 */
export const refreshTokenExpirationTypes: readonly string[] = ['authorization', 'token_timeout']

/**
 * Computes what to tell the client about the lifetime of a refresh token. Pure.
 *
 * All scopes of a grant end at the same time in this package. A server whose scopes end at different
 * times returns the earliest.
 *
 * @param record - The token that the response contains, or, without one, the presented token.
 */
export function grantLifetime(
  record: Pick<
    RefreshTokenRecord<unknown>,
    'expiresAtEpochSeconds' | 'familyExpiresAtEpochSeconds'
  >,
  nowEpochSeconds: number,
): GrantLifetime {
  // Rounded down: a client that relies on the number must not be too late.
  const until = (epochSeconds: number) => Math.max(0, Math.floor(epochSeconds - nowEpochSeconds))
  const authorizationExpiresIn = until(record.familyExpiresAtEpochSeconds)
  return {
    refresh_token_timeout: Math.min(until(record.expiresAtEpochSeconds), authorizationExpiresIn),
    authorization_expires_in: authorizationExpiresIn,
  }
}
