import type { Client } from 'oidc-provider'
import type { RefreshIssuanceDecision, RefreshIssuancePolicy } from '../issuance/issuance.ts'
import type { RiskAssessment } from '../issuance/issuance-rule.ts'
import type { Clock } from '../lib/clock.ts'
import type { RefreshTokenLifetimes } from '../rotation/lifetimes.ts'
import type { ReuseReason } from '../rotation/rotation-rule.ts'
import type { ResourceIndicatorFunctions } from './effective-resource.ts'

/** What a risk assessment may use. */
export interface RiskFacts {
  readonly client: Client
  readonly accountId: string
  /** Of the current authorization request. `undefined` when the flow has none. */
  readonly redirectUri: string | undefined
  readonly requestedScopes: readonly string[]
}

/** What happened to refresh tokens. Holds IDs only, never a token. */
export type RefreshTokenEvent =
  | {
      readonly type: 'issuance-decided'
      readonly clientId: string
      readonly decision: RefreshIssuanceDecision
    }
  | {
      /** Exchanged, its successor given again, or given back within the overlap. */
      readonly type: 'rotated' | 'replayed' | 'kept'
      readonly clientId: string
      readonly grantId: string
    }
  | {
      readonly type: 'reuse-detected'
      readonly clientId: string
      readonly grantId: string
      readonly reason: ReuseReason
    }

/** Options of {@link bindRefreshTokens}. */
export interface RefreshTokenBindingOptions {
  /** At least 32 random bytes, persisted, the same for every instance of the server. */
  readonly successorKey: Uint8Array
  /** Default `oidc`: clients that declared the grant and were granted `offline_access`. */
  readonly policy?: RefreshIssuancePolicy | undefined
  /** Default 300. `0` turns the grace off. */
  readonly graceSeconds?: number | undefined
  /**
   * How long both tokens of an exchange are good, for calls that arrive one after the other. Default
   * 10. `0` turns it off. Keep it well below the lifetime of an access token.
   */
  readonly overlapSeconds?: number | undefined
  /** Default 14 days idle, 90 days absolute. */
  readonly lifetimes?: RefreshTokenLifetimes | undefined
  /**
   * How long a dynamic registration is kept without consent of a user, and how long after the
   * absolute expiry of its last grant. Default 7 days.
   */
  readonly unusedRegistrationSeconds?: number | undefined
  /** Called at each issuance, and for the consent page. */
  readonly assessRisk?: ((facts: RiskFacts) => RiskAssessment | Promise<RiskAssessment>) | undefined
  readonly observe?: ((event: RefreshTokenEvent) => void) | undefined
  /**
   * The same functions as in `features.resourceIndicators`, when that is on: the binding calls them
   * before a token is spent. Without them, a refresh whose granted resource is refused spends its
   * token.
   */
  readonly resourceIndicators?: ResourceIndicatorFunctions | undefined
  /** Default: the system's clock. oidc-provider itself always uses the system's. */
  readonly clock?: Clock | undefined
}
