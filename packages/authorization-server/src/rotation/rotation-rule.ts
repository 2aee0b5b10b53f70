import { createHmac, createSecretKey, hash, randomBytes } from 'node:crypto'
import { AuthorizationServerError } from '../lib/errors.ts'

/**
 * What storage keeps about one refresh token. `id` is a hash: whoever reads the storage cannot
 * present what it finds there.
 */
export interface RefreshTokenRecord<Data> {
  /** {@link refreshTokenId} of the token. */
  readonly id: string
  /** All tokens that descend from one authorization; revoked together. */
  readonly familyId: string
  readonly issuedAtEpochSeconds: number
  /** Idle expiry: this token is refused from then on. */
  readonly expiresAtEpochSeconds: number
  /** Absolute expiry, the same for the whole family; no rotation moves it. */
  readonly familyExpiresAtEpochSeconds: number
  /** When the token was first redeemed; absent while it is live. */
  readonly supersededAtEpochSeconds?: number | undefined
  /** `id` of the token given in exchange; present exactly when superseded. */
  readonly successorId?: string | undefined
  /** When the token was first presented and given back; absent while nobody has shown to hold it. */
  readonly firstUsedAtEpochSeconds?: number | undefined
  /** Whatever the caller binds to the token: client, subject, scope, resource. */
  readonly data: Data
}

/** Answer of {@link RefreshTokenStore.supersede}. */
export type SupersedeResult =
  /** The caller won: the presented token is now superseded and its successor stored. */
  | 'superseded'
  /** Another caller was first, with this same successor. Nothing was written. */
  | 'already-superseded'
  /** The presented token is not there (any more), say because its family was revoked. */
  | 'missing'

/**
 * Storage for refresh tokens, small enough for any database. Only hashes reach it.
 *
 * Concurrency: `supersede` is atomic. Of any number of concurrent callers, in any number of
 * processes, exactly one gets `superseded`; and no caller ever sees a superseded token whose
 * successor is not stored. In SQL that is one transaction around
 * `UPDATE … WHERE id = ? AND superseded_at IS NULL`.
 */
export interface RefreshTokenStore<Data> {
  /** Stores the first token of a family. */
  insert(record: RefreshTokenRecord<Data>): Promise<void>
  find(id: string): Promise<RefreshTokenRecord<Data> | undefined>
  /** Marks `id` superseded by `successor` and stores `successor`: both or neither. */
  supersede(
    id: string,
    successor: RefreshTokenRecord<Data>,
    supersededAtEpochSeconds: number,
  ): Promise<SupersedeResult>
  /** Sets `firstUsedAtEpochSeconds` where it is not set. A token that is not there is no error. */
  markUsed(id: string, firstUsedAtEpochSeconds: number): Promise<void>
  /**
   * Deletes every token of the family. A later `supersede` of any of them is `missing`, and one
   * that runs at the same time leaves no successor behind: where a DELETE does not see rows that
   * were written while it waited, it takes a second one.
   */
  revokeFamily(familyId: string): Promise<void>
}

/** Why a family is revoked. */
export type ReuseReason = 'successor-used' | 'grace-over' | 'successor-missing'

/** What presenting a refresh token leads to. */
export type PresentationVerdict =
  /** Exchange it. */
  | { readonly action: 'rotate' }
  /** Issued a moment ago: give the same token back, with a new access token. */
  | { readonly action: 'keep' }
  /** Presented again, and may be: give the same successor again. */
  | { readonly action: 'replay' }
  /** Presented again when it may no longer be: two parties hold the family (BCP §4.14.2). */
  | { readonly action: 'revoke-family'; readonly reason: ReuseReason }
  | { readonly action: 'refuse'; readonly reason: 'unknown' | 'expired' }

/** Options of {@link decideRotation}. */
export interface PresentationOptions {
  /**
   * How long a superseded token is honoured at most, in seconds; its successor's first use ends
   * that earlier. Default {@link defaultGraceSeconds}. `0` turns the grace off.
   */
  readonly graceSeconds?: number | undefined
  /**
   * For how long after an exchange both of its tokens are good, in seconds: the old one leads to
   * the new one even when that was used, and the new one is given back instead of being exchanged.
   * Never longer than the grace. Keep it well below the life of an access token. Default
   * {@link defaultOverlapSeconds}; `0` turns it off.
   */
  readonly overlapSeconds?: number | undefined
}

/** Long enough for a retry after a time-out or a restart, short for a token found in an old log. */
export const defaultGraceSeconds: number = 300

/** Long enough for calls that met the same expired access token to come one after the other. */
export const defaultOverlapSeconds: number = 10

/**
 * Judges one presentation of a refresh token.
 *
 * A response can be lost after the server committed: the client then holds the old token only, and
 * cannot tell. Until the successor is used for the first time, nobody has shown to have received
 * it, so the old token is honoured again, and leads to the same successor. The first use of the
 * successor proves that it arrived; from then on the old token in anybody's hands is theft.
 *
 * Except in the first seconds. An application whose calls all met the same expired access token
 * sends some requests with the old token and some with its successor, in any order, and none of
 * its callers is a thief. So both are good for `overlapSeconds`, and lead to the same token.
 *
 * @param presented - The stored record, `undefined` when there is none.
 * @param successor - The stored record of `presented.successorId`; ignored while there is none.
 */
export function decideRotation(
  presented: RefreshTokenRecord<unknown> | undefined,
  successor: RefreshTokenRecord<unknown> | undefined,
  nowEpochSeconds: number,
  options: PresentationOptions = {},
): PresentationVerdict {
  if (presented === undefined) return { action: 'refuse', reason: 'unknown' }
  const graceSeconds = options.graceSeconds ?? defaultGraceSeconds
  const overlapSeconds = Math.min(options.overlapSeconds ?? defaultOverlapSeconds, graceSeconds)
  const { supersededAtEpochSeconds } = presented
  if (supersededAtEpochSeconds !== undefined) {
    if (successor === undefined) return { action: 'revoke-family', reason: 'successor-missing' }
    const elapsedSeconds = nowEpochSeconds - supersededAtEpochSeconds
    if (wasUsed(successor) && !isWithin(elapsedSeconds, overlapSeconds)) {
      return { action: 'revoke-family', reason: 'successor-used' }
    }
    if (!isWithin(elapsedSeconds, graceSeconds)) {
      return { action: 'revoke-family', reason: 'grace-over' }
    }
  }
  if (nowEpochSeconds >= presented.expiresAtEpochSeconds) {
    return { action: 'refuse', reason: 'expired' }
  }
  if (supersededAtEpochSeconds !== undefined) return { action: 'replay' }
  const ageSeconds = nowEpochSeconds - presented.issuedAtEpochSeconds
  return { action: isWithin(ageSeconds, overlapSeconds) ? 'keep' : 'rotate' }
}

function wasUsed(token: RefreshTokenRecord<unknown>): boolean {
  return token.supersededAtEpochSeconds !== undefined || token.firstUsedAtEpochSeconds !== undefined
}

/** Times are whole seconds, so a window of n seconds includes the n-th, and one of 0 is none. */
function isWithin(elapsedSeconds: number, windowSeconds: number): boolean {
  return windowSeconds > 0 && elapsedSeconds <= windowSeconds
}

/** Lifetimes of refresh tokens, in seconds (OAuth 2.1 §4.3: both SHOULD exist; A-07). */
export interface RefreshTokenLifetimes {
  /** A token not used for this long is refused. */
  readonly idleSeconds: number
  /** The family ends this long after the first token, however busy it is. */
  readonly absoluteSeconds: number
}

/** Default lifetimes: 14 days idle, 90 days in all. */
export const defaultRefreshTokenLifetimes: RefreshTokenLifetimes = {
  idleSeconds: 14 * 86_400,
  absoluteSeconds: 90 * 86_400,
}

/** The storage key of a refresh token: SHA-256, base64url. Tokens are random, so no salt is needed. */
export function refreshTokenId(refreshToken: string): string {
  return hash('sha256', refreshToken, 'base64url')
}

/** A new refresh token with 256 bits of randomness, for the start of a family. */
export function generateRefreshToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * Derives the successor of a refresh token: HMAC-SHA-256 over the presented token with a key that
 * only the server has. The same token always leads to the same successor, which is what lets a
 * server that stores nothing but hashes give it again; without the key nobody can step ahead.
 *
 * @param successorKey - At least 32 random bytes, kept as long as the grace lasts at least.
 * @throws {@link AuthorizationServerError} `SUCCESSOR_KEY_TOO_SHORT`
 */
export function deriveSuccessor(refreshToken: string, successorKey: Uint8Array): string {
  return successorDerivation(successorKey)(refreshToken)
}

/**
 * {@link deriveSuccessor} with the key prepared once, which is most of the work.
 *
 * @throws {@link AuthorizationServerError} `SUCCESSOR_KEY_TOO_SHORT`
 */
export function successorDerivation(successorKey: Uint8Array): (refreshToken: string) => string {
  assertSuccessorKey(successorKey)
  const key = createSecretKey(successorKey)
  return (refreshToken) =>
    createHmac('sha256', key)
      .update('evergrant refresh token successor\0')
      .update(refreshToken)
      .digest('base64url')
}

function assertSuccessorKey(successorKey: Uint8Array): void {
  if (successorKey.byteLength >= 32) return
  throw new AuthorizationServerError(
    'SUCCESSOR_KEY_TOO_SHORT',
    `The successor key must have at least 32 bytes, got ${successorKey.byteLength}. ` +
      'Generate it once with crypto.randomBytes(32) and keep it with your signing keys.',
  )
}
