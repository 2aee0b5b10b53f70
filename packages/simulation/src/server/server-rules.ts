/** How an authorization server handles refresh tokens. */
export interface ServerRules {
  readonly accessTokenSeconds: number
  /** What the server issues a refresh token for. */
  readonly refreshTokenFor: 'always' | 'grant-type' | 'offline-access' | 'nothing'
  /** `rotates`: each refresh brings a new refresh token. `keeps`: one token for the whole grant. */
  readonly rotation: 'rotates' | 'keeps'
  /**
   * How a superseded refresh token is handled after the grace. `family-revoked`: refused, and the
   * grant ends. `refused`: refused, and the newest token stays good. `accepted`: exchanged again.
   */
  readonly reuse: 'family-revoked' | 'refused' | 'accepted'
  /** How long a superseded refresh token yields its successor again, until that one is used. */
  readonly graceSeconds: number
  /** A refresh token ends after this long without use. Default: never. */
  readonly idleSeconds?: number
  /** A grant ends after this long, even if it is used. Default: never. */
  readonly absoluteSeconds?: number
}
