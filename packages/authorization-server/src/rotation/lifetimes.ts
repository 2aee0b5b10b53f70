import { AuthorizationServerError } from '../lib/errors.ts'
import { assertLifetime } from '../lib/lifetime.ts'

/** Lifetimes of refresh tokens, in seconds (OAuth 2.1 §4.3: both SHOULD exist; A-07). */
export interface RefreshTokenLifetimes {
  /** A token that is not used for this long is refused. */
  readonly idleSeconds: number
  /** The family ends this long after its first token was issued, even when it is in use. */
  readonly absoluteSeconds: number
}

/** Default lifetimes: 14 days idle, 90 days absolute. */
export const defaultRefreshTokenLifetimes: RefreshTokenLifetimes = {
  idleSeconds: 14 * 86_400,
  absoluteSeconds: 90 * 86_400,
}

/** @throws {@link AuthorizationServerError} `LIFETIME_INVALID` */
export function assertLifetimes(lifetimes: RefreshTokenLifetimes): RefreshTokenLifetimes {
  const { idleSeconds, absoluteSeconds } = lifetimes
  assertLifetime('lifetimes.idleSeconds', idleSeconds)
  assertLifetime('lifetimes.absoluteSeconds', absoluteSeconds)
  if (idleSeconds > absoluteSeconds) {
    throw new AuthorizationServerError(
      'LIFETIME_INVALID',
      `lifetimes.idleSeconds (${idleSeconds}) must not exceed lifetimes.absoluteSeconds ` +
        `(${absoluteSeconds}), because the idle limit would never take effect.`,
    )
  }
  return lifetimes
}
