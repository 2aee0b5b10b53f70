import { wholeSeconds } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import { assertLifetime } from '../lib/lifetime.ts'
import { firstRecord } from './first-record.ts'
import { grantLifetime } from './grant-lifetime.ts'
import type { GrantLifetime } from './grant-lifetime.ts'
import { assertLifetimes, defaultRefreshTokenLifetimes } from './lifetimes.ts'
import type { RefreshTokenLifetimes } from './lifetimes.ts'
import { createRedemption } from './redemption.ts'
import type { RefreshTokenRecord, RefreshTokenStore } from './refresh-token-store.ts'
import type { ReuseReason, RotationRuleOptions } from './rotation-rule.ts'
import { generateRefreshToken, refreshTokenId, successorDerivation } from './successor.ts'

/** Options of {@link createRefreshTokenRotation}. */
export interface RefreshTokenRotationOptions extends RotationRuleOptions {
  /**
   * At least 32 random bytes, the same for every instance of the server, kept at least as long as
   * the grace lasts. Successors are derived with it.
   */
  readonly successorKey: Uint8Array
  /** Default {@link defaultRefreshTokenLifetimes}. */
  readonly lifetimes?: RefreshTokenLifetimes | undefined
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined
}

/** Outcome of presenting a refresh token. */
export type RedemptionResult<Data> =
  | {
      readonly outcome: 'rotated' | 'replayed' | 'kept'
      /** For the token response: the successor, or the presented token when it was kept. */
      readonly refreshToken: string
      readonly record: RefreshTokenRecord<Data>
    }
  | { readonly outcome: 'refused'; readonly reason: 'unknown' | 'expired' | 'revoked' }
  | { readonly outcome: 'family-revoked'; readonly reason: ReuseReason; readonly familyId: string }

/** Issues and rotates refresh tokens over a store. */
export interface RefreshTokenRotation<Data> {
  /** Starts a family. `maximumLifetimeSeconds` shortens its absolute life and never lengthens it. */
  issue(
    familyId: string,
    data: Data,
    options?: { readonly maximumLifetimeSeconds?: number | undefined },
  ): Promise<string>
  /**
   * Redeems a presented refresh token. `check` runs after the token was found good and before
   * anything is written. Throw in it to refuse a request (wrong client, scope too wide) without
   * spending the token.
   */
  redeem(
    refreshToken: string,
    check?: (record: RefreshTokenRecord<Data>) => void | Promise<void>,
  ): Promise<RedemptionResult<Data>>
  /**
   * What to tell the client about a refresh token that was just issued, or that is introspected
   * . For a redeemed one, use {@link grantLifetime} with the record of the result. `undefined`
   * when unknown.
   */
  lifetime(refreshToken: string): Promise<GrantLifetime | undefined>
  /** RFC 7009: revokes the family of `refreshToken`, live or superseded. `false` when unknown. */
  revoke(refreshToken: string): Promise<boolean>
}

/**
 * Refresh token rotation with successor grace, for your own server. On oidc-provider, use the
 * binding in `@evergrant/authorization-server/oidc-provider` instead. Both follow
 * {@link decideRotation}.
 *
 * Concurrency: any number of redemptions of one token, in any number of processes over one store,
 * get the same successor and leave one live token. The same holds for redemptions of that successor
 * within the overlap.
 *
 * @example
 * ```ts
 * const rotation = createRefreshTokenRotation(createMemoryRefreshTokenStore<string>(), { successorKey })
 * const first = await rotation.issue('family', 'alice')
 * const result = await rotation.redeem(first)
 * ```
 *
 * @throws {@link AuthorizationServerError} `SUCCESSOR_KEY_TOO_SHORT`, `LIFETIME_INVALID`
 */
export function createRefreshTokenRotation<Data>(
  store: RefreshTokenStore<Data>,
  options: RefreshTokenRotationOptions,
): RefreshTokenRotation<Data> {
  const deriveSuccessor = successorDerivation(options.successorKey)
  const lifetimes = assertLifetimes(options.lifetimes ?? defaultRefreshTokenLifetimes)
  const clock = wholeSeconds(options.clock)
  const redemption = createRedemption(store, { ...options, lifetimes, clock })

  async function revokeFamily(
    familyId: string,
    reason: ReuseReason,
  ): Promise<RedemptionResult<Data>> {
    await store.revokeFamily(familyId)
    return { outcome: 'family-revoked', reason, familyId }
  }

  return {
    async issue(familyId, data, { maximumLifetimeSeconds } = {}) {
      if (maximumLifetimeSeconds !== undefined) {
        assertLifetime('maximumLifetimeSeconds', maximumLifetimeSeconds)
      }
      const refreshToken = generateRefreshToken()
      const nowEpochSeconds = clock.nowEpochSeconds()
      const facts = { familyId, data, nowEpochSeconds, lifetimes, maximumLifetimeSeconds }
      await store.insert(firstRecord(refreshToken, facts))
      return refreshToken
    },

    async redeem(refreshToken, check) {
      const presentation = await redemption.present(await store.find(refreshTokenId(refreshToken)))
      const { action, record } = presentation
      if (action === 'refuse') return { outcome: 'refused', reason: presentation.reason }
      if (action === 'revoke-family') {
        return await revokeFamily(record.familyId, presentation.reason)
      }
      await check?.(record)
      if (action === 'keep') {
        await redemption.keep(record)
        return { outcome: 'kept', refreshToken, record }
      }
      const successor = deriveSuccessor(refreshToken)
      const exchange = await redemption.exchange(record, successor, record.data)
      if (exchange.outcome === 'refused') return exchange
      if (exchange.outcome === 'reused') {
        return await revokeFamily(record.familyId, exchange.reason)
      }
      return { outcome: exchange.outcome, refreshToken: successor, record: exchange.successor }
    },

    async lifetime(refreshToken) {
      const record = await store.find(refreshTokenId(refreshToken))
      return record === undefined ? undefined : grantLifetime(record, clock.nowEpochSeconds())
    },

    async revoke(refreshToken) {
      const record = await store.find(refreshTokenId(refreshToken))
      if (record === undefined) return false
      await store.revokeFamily(record.familyId)
      return true
    },
  }
}
