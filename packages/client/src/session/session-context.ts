import type { TokenManagerOptions } from '../grant/token-manager.ts'
import type { Clock } from '../lib/clock.ts'
import type { Observer } from '../lib/events.ts'
import type { DpopProver } from '../protocol/dpop-prover.ts'
import type { HttpOptions } from '../protocol/http.ts'
import type { ClientConfiguration } from '../protocol/registration.ts'
import type { RecordStore } from '../stores/store.ts'
import type { ProfileOf } from './provider-profile.ts'

/** What every part of a session uses. */
export interface SessionContext {
  /** The URL of the MCP server, in canonical form. */
  readonly serverUrl: string
  readonly partition: string
  readonly client: ClientConfiguration
  readonly store: RecordStore
  readonly clock: Clock
  readonly http: HttpOptions
  /** An issuer that the host trusts for this MCP server. */
  readonly trustedIssuer: string | undefined
  readonly observe: Observer
  readonly profileOf: ProfileOf
  readonly refresh: Partial<TokenManagerOptions> | undefined
  readonly dpop: DpopProver
}
