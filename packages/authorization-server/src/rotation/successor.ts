import { createHmac, createSecretKey, hash, randomBytes } from 'node:crypto'
import { AuthorizationServerError } from '../lib/errors.ts'
import type { RefreshTokenLifetimes } from './lifetimes.ts'
import type { RefreshTokenRecord } from './refresh-token-store.ts'

/** The storage key of a refresh token: SHA-256, base64url. Tokens are random, so no salt is needed. */
export function refreshTokenId(refreshToken: string): string {
  return hash('sha256', refreshToken, 'base64url')
}

/** A new refresh token with 256 bits of randomness, for the start of a family. */
export function generateRefreshToken(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * Derives successors of refresh tokens: HMAC-SHA-256 over the presented token, with a key that only
 * the server has. The same token always leads to the same successor, so a server that stores only
 * hashes can give it twice. Without the key, a client cannot compute the successor.
 *
 * @param successorKey - At least 32 random bytes, kept at least as long as the grace lasts.
 * @throws {@link AuthorizationServerError} `SUCCESSOR_KEY_TOO_SHORT`
 */
export function successorDerivation(successorKey: Uint8Array): (refreshToken: string) => string {
  assertSuccessorKey(successorKey)
  const key = createSecretKey(successorKey)
  return (refreshToken) =>
    createHmac('sha256', key)
      .update('refresh token successor\0')
      .update(refreshToken)
      .digest('base64url')
}

/** What the successor of a refresh token is stored with. */
export interface SuccessorFacts<Data> {
  readonly data: Data
  readonly nowEpochSeconds: number
  readonly lifetimes: RefreshTokenLifetimes
}

/** The record of the token that replaces `presented`. The family's absolute expiry stays the same. */
export function successorRecord<Data>(
  presented: RefreshTokenRecord<Data>,
  successor: string,
  { data, nowEpochSeconds, lifetimes }: SuccessorFacts<Data>,
): RefreshTokenRecord<Data> {
  const { familyId, familyExpiresAtEpochSeconds } = presented
  return {
    id: refreshTokenId(successor),
    familyId,
    issuedAtEpochSeconds: nowEpochSeconds,
    expiresAtEpochSeconds: Math.min(
      nowEpochSeconds + lifetimes.idleSeconds,
      familyExpiresAtEpochSeconds,
    ),
    familyExpiresAtEpochSeconds,
    data,
  }
}

function assertSuccessorKey(successorKey: Uint8Array): void {
  if (successorKey.byteLength >= 32) return
  throw new AuthorizationServerError(
    'SUCCESSOR_KEY_TOO_SHORT',
    `successorKey must have at least 32 bytes, got ${successorKey.byteLength}. Generate it once ` +
      'with crypto.randomBytes(32) and keep it with your signing keys.',
  )
}
