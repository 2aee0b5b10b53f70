import { AuthorizationServerError } from '../lib/errors.ts'
import { assertLifetime } from '../lib/lifetime.ts'
import {
  defaultRefreshTokenLifetimes,
  generateRefreshToken,
  decideRotation,
  refreshTokenId,
  successorDerivation,
} from './rotation-rule.ts'
import type {
  RefreshTokenLifetimes,
  RefreshTokenRecord,
  RefreshTokenStore,
  ReuseReason,
} from './rotation-rule.ts'

/** Options of {@link createRefreshTokenRotation}. */
export interface RefreshTokenRotationOptions {
  /** See {@link deriveSuccessor}. */
  readonly successorKey: Uint8Array
  /** Default {@link defaultGraceSeconds}; `0` turns the grace off. */
  readonly graceSeconds?: number | undefined
  /** See {@link decideRotation}. Default {@link defaultOverlapSeconds}; `0` turns it off. */
  readonly overlapSeconds?: number | undefined
  /** Default {@link defaultRefreshTokenLifetimes}. */
  readonly lifetimes?: RefreshTokenLifetimes | undefined
  /** The clock; default the system's. */
  readonly nowEpochSeconds?: (() => number) | undefined
}

/** Outcome of presenting a refresh token. */
export type RedemptionResult<Data> =
  | {
      readonly outcome: 'rotated' | 'replayed' | 'kept'
      /** For the token response: the successor; the presented token itself where it was kept. */
      readonly refreshToken: string
      readonly record: RefreshTokenRecord<Data>
    }
  | { readonly outcome: 'refused'; readonly reason: 'unknown' | 'expired' | 'revoked' }
  | { readonly outcome: 'family-revoked'; readonly reason: ReuseReason; readonly familyId: string }

/** Issues and rotates refresh tokens over a store. */
export interface RefreshTokenRotation<Data> {
  /** Starts a family. `maximumLifetimeSeconds` shortens its absolute life, never lengthens it. */
  issue(
    familyId: string,
    data: Data,
    options?: { readonly maximumLifetimeSeconds?: number | undefined },
  ): Promise<string>
  /**
   * Redeems a presented refresh token. `check` runs after the token was found good and before
   * anything is written: throw in it to refuse a request (wrong client, scope too wide) without
   * spending the token.
   */
  redeem(
    refreshToken: string,
    check?: (record: RefreshTokenRecord<Data>) => void | Promise<void>,
  ): Promise<RedemptionResult<Data>>
  /** RFC 7009: ends the family of `refreshToken`, live or superseded. False when it is unknown. */
  revoke(refreshToken: string): Promise<boolean>
}

/**
 * Refresh token rotation with successor grace, for a server of your own. On oidc-provider use the
 * binding in `@evergrant/authorization-server/oidc-provider` instead; both follow
 * {@link decideRotation}.
 *
 * Concurrency: any number of redemptions of one token, in any number of processes over one store,
 * get the same successor and leave one live token. So do redemptions of that successor which come
 * within the overlap.
 *
 * @throws {@link AuthorizationServerError} `SUCCESSOR_KEY_TOO_SHORT`, `LIFETIME_INVALID`
 */
export function createRefreshTokenRotation<Data>(
  store: RefreshTokenStore<Data>,
  options: RefreshTokenRotationOptions,
): RefreshTokenRotation<Data> {
  const deriveSuccessor = successorDerivation(options.successorKey)
  const lifetimes = assertLifetimes(options.lifetimes ?? defaultRefreshTokenLifetimes)
  const now = options.nowEpochSeconds ?? (() => Math.floor(Date.now() / 1000))

  async function judge(presented: RefreshTokenRecord<Data> | undefined) {
    const successor =
      presented?.successorId === undefined ? undefined : await store.find(presented.successorId)
    return decideRotation(presented, successor, now(), options)
  }

  return {
    async issue(familyId, data, { maximumLifetimeSeconds = lifetimes.absoluteSeconds } = {}) {
      assertLifetime('maximumLifetimeSeconds', maximumLifetimeSeconds)
      const refreshToken = generateRefreshToken()
      const issuedAtEpochSeconds = now()
      const familyExpiresAtEpochSeconds =
        issuedAtEpochSeconds + Math.min(lifetimes.absoluteSeconds, maximumLifetimeSeconds)
      await store.insert({
        id: refreshTokenId(refreshToken),
        familyId,
        issuedAtEpochSeconds,
        expiresAtEpochSeconds: Math.min(
          issuedAtEpochSeconds + lifetimes.idleSeconds,
          familyExpiresAtEpochSeconds,
        ),
        familyExpiresAtEpochSeconds,
        data,
      })
      return refreshToken
    },

    async redeem(refreshToken, check) {
      const id = refreshTokenId(refreshToken)
      const presented = await store.find(id)
      const verdict = await judge(presented)
      if (verdict.action === 'refuse' || presented === undefined) {
        return {
          outcome: 'refused',
          reason: verdict.action === 'refuse' ? verdict.reason : 'unknown',
        }
      }
      const { familyId } = presented
      if (verdict.action === 'revoke-family') {
        await store.revokeFamily(familyId)
        return { outcome: 'family-revoked', reason: verdict.reason, familyId }
      }
      await check?.(presented)
      if (verdict.action === 'keep') {
        if (presented.firstUsedAtEpochSeconds === undefined) await store.markUsed(id, now())
        return { outcome: 'kept', refreshToken, record: presented }
      }
      const successor = deriveSuccessor(refreshToken)
      const record = successorRecord(presented, successor, now(), lifetimes)
      const result = await store.supersede(id, record, now())
      if (result === 'missing') return { outcome: 'refused', reason: 'revoked' }
      if (result === 'already-superseded') {
        // Someone else was first, now or earlier. The rule is asked again on what is stored by
        // now: the successor may have been used since the first look.
        const again = await judge(await store.find(id))
        if (again.action === 'revoke-family') {
          await store.revokeFamily(familyId)
          return { outcome: 'family-revoked', reason: again.reason, familyId }
        }
        if (again.action === 'refuse') return { outcome: 'refused', reason: 'revoked' }
        return { outcome: 'replayed', refreshToken: successor, record }
      }
      return { outcome: 'rotated', refreshToken: successor, record }
    },

    async revoke(refreshToken) {
      const presented = await store.find(refreshTokenId(refreshToken))
      if (presented === undefined) return false
      await store.revokeFamily(presented.familyId)
      return true
    },
  }
}

/** The record of the token that takes the place of `presented`; the family's end never moves. */
export function successorRecord<Data>(
  presented: RefreshTokenRecord<Data>,
  successor: string,
  nowEpochSeconds: number,
  lifetimes: RefreshTokenLifetimes,
): RefreshTokenRecord<Data> {
  return {
    id: refreshTokenId(successor),
    familyId: presented.familyId,
    issuedAtEpochSeconds: nowEpochSeconds,
    expiresAtEpochSeconds: Math.min(
      nowEpochSeconds + lifetimes.idleSeconds,
      presented.familyExpiresAtEpochSeconds,
    ),
    familyExpiresAtEpochSeconds: presented.familyExpiresAtEpochSeconds,
    data: presented.data,
  }
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
        `(${absoluteSeconds}): an idle limit that long never takes effect.`,
    )
  }
  return lifetimes
}
