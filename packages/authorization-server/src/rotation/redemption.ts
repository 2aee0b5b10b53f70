import type { Clock } from '../lib/clock.ts'
import type { RefreshTokenLifetimes } from './lifetimes.ts'
import type { RefreshTokenRecord, RefreshTokenStore } from './refresh-token-store.ts'
import { decideRotation } from './rotation-rule.ts'
import type { ReuseReason, RotationDecision, RotationRuleOptions } from './rotation-rule.ts'
import { successorRecord } from './successor.ts'

type Refusal = Extract<RotationDecision, { readonly action: 'refuse' }>

/** What presenting a refresh token leads to, with its record. */
export type Presentation<Data> =
  | (Refusal & { readonly record: RefreshTokenRecord<Data> | undefined })
  | (Exclude<RotationDecision, Refusal> & { readonly record: RefreshTokenRecord<Data> })

/** Outcome of {@link Redemption.exchange}. */
export type Exchange<Data> =
  | {
      /** `replayed`: another request was first and stored the same successor. */
      readonly outcome: 'rotated' | 'replayed'
      readonly successor: RefreshTokenRecord<Data>
    }
  | { readonly outcome: 'refused'; readonly reason: 'expired' | 'revoked' }
  /** The caller must revoke the family. */
  | { readonly outcome: 'reused'; readonly reason: ReuseReason }

/** The steps of redeeming a refresh token: present it, check the request, then keep or exchange. */
export interface Redemption<Data> {
  /**
   * Decides what presenting a token leads to. Writes nothing.
   *
   * @param record - As it is stored. `undefined` for an unknown token.
   */
  present(record: RefreshTokenRecord<Data> | undefined): Promise<Presentation<Data>>
  /** For `keep`: notes that a client holds the token. */
  keep(record: RefreshTokenRecord<Data>): Promise<void>
  /**
   * For `rotate` and `replay`: stores `successor` in place of the presented token. When another
   * request was first, the rule decides again on what is stored now: the successor may have been
   * used, the token may have expired, or the family may have been revoked since {@link present}.
   *
   * @param data - What to bind to the successor.
   */
  exchange(
    presented: RefreshTokenRecord<Data>,
    successor: string,
    data: Data,
  ): Promise<Exchange<Data>>
}

/** What {@link createRedemption} needs besides a store. */
export interface RedemptionOptions extends RotationRuleOptions {
  readonly lifetimes: RefreshTokenLifetimes
  /** Must count whole seconds. */
  readonly clock: Clock
}

/** The one way a refresh token is redeemed, for every kind of server. */
export function createRedemption<Data>(
  store: RefreshTokenStore<Data>,
  options: RedemptionOptions,
): Redemption<Data> {
  const { clock, lifetimes } = options

  async function present(
    record: RefreshTokenRecord<Data> | undefined,
  ): Promise<Presentation<Data>> {
    if (record === undefined) return { action: 'refuse', reason: 'unknown', record }
    const successor =
      record.successorId === undefined ? undefined : await store.find(record.successorId)
    return { ...decideRotation(record, successor, clock.nowEpochSeconds(), options), record }
  }

  return {
    present,

    async keep({ id, firstUsedAtEpochSeconds }) {
      if (firstUsedAtEpochSeconds === undefined) await store.markUsed(id, clock.nowEpochSeconds())
    },

    async exchange(presented, successor, data) {
      const nowEpochSeconds = clock.nowEpochSeconds()
      const record = successorRecord(presented, successor, { data, nowEpochSeconds, lifetimes })
      const result = await store.supersede(presented.id, record, nowEpochSeconds)
      if (result === 'missing') return { outcome: 'refused', reason: 'revoked' }
      if (result === 'superseded') return { outcome: 'rotated', successor: record }
      const again = await present(await store.find(presented.id))
      if (again.action === 'revoke-family') return { outcome: 'reused', reason: again.reason }
      if (again.action === 'refuse') {
        return { outcome: 'refused', reason: again.reason === 'unknown' ? 'revoked' : 'expired' }
      }
      return { outcome: 'replayed', successor: (await store.find(record.id)) ?? record }
    },
  }
}
