import type { AdapterPayload } from 'oidc-provider'
import type { Clock } from '../lib/clock.ts'
import { grantLifetime } from '../rotation/grant-lifetime.ts'
import type { GrantLifetime } from '../rotation/grant-lifetime.ts'
import type { RefreshTokenLifetimes } from '../rotation/lifetimes.ts'
import type { Redemption } from '../rotation/redemption.ts'
import type { RefreshTokenRecord } from '../rotation/refresh-token-store.ts'
import { decideRotation } from '../rotation/rotation-rule.ts'
import type { RotationRuleOptions } from '../rotation/rotation-rule.ts'

/** What a client gets for the refresh token that it presented. */
export interface ExchangedToken {
  readonly refreshToken: string
  /** For the token response. */
  readonly lifetime: GrantLifetime
}

/**
 * Exchanges a refresh token that was read from the store. `undefined` when it is anything but live, or
 * when another request was faster: then nothing was written, and the engine must decide.
 */
export type DirectExchange = (
  refreshToken: string,
  record: RefreshTokenRecord<AdapterPayload>,
) => Promise<ExchangedToken | undefined>

export interface DirectExchangeDependencies extends RotationRuleOptions {
  readonly redemption: Redemption<AdapterPayload>
  readonly deriveSuccessor: (refreshToken: string) => string
  readonly lifetimes: RefreshTokenLifetimes
  readonly clock: Clock
  readonly observe: (event: {
    readonly type: 'rotated'
    readonly record: RefreshTokenRecord<AdapterPayload>
  }) => void
}

export function createDirectExchange(dependencies: DirectExchangeDependencies): DirectExchange {
  const { redemption, deriveSuccessor, lifetimes, clock, observe } = dependencies
  return async (refreshToken, record) => {
    const now = clock.nowEpochSeconds()
    if (decideRotation(record, undefined, now, dependencies).action !== 'rotate') return undefined
    const successor = deriveSuccessor(refreshToken)
    const payload = successorPayload(record.data, now, lifetimes)
    const result = await redemption.exchange(record, successor, payload)
    if (result.outcome !== 'rotated') return undefined
    observe({ type: 'rotated', record })
    return {
      refreshToken: successor,
      lifetime: grantLifetime(result.successor, clock.nowEpochSeconds()),
    }
  }
}

/** What the engine stores with the successor of a refresh token. */
function successorPayload(
  presented: AdapterPayload,
  nowEpochSeconds: number,
  { idleSeconds }: RefreshTokenLifetimes,
): AdapterPayload {
  const { gty, rotations } = presented
  return {
    ...presented,
    iat: nowEpochSeconds,
    exp: nowEpochSeconds + idleSeconds,
    rotations: typeof rotations === 'number' ? rotations + 1 : 1,
    gty: gty === undefined || gty.endsWith('refresh_token') ? gty : `${gty} refresh_token`,
  }
}
