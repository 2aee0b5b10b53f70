import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RefreshTokenBinding } from '@evergrant/authorization-server/oidc-provider'
import type { Provider } from 'oidc-provider'
import type { RedirectTrust } from '../clients/redirect-trust.ts'
import type { RateLimits } from '../http/rate-limits.ts'
import type { ServerSecrets } from '../keys/secrets.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'

/** What the pages on which users sign in, consent and end access need. */
export interface PageDependencies {
  readonly issuer: string
  readonly provider: Provider
  readonly binding: RefreshTokenBinding
  readonly redirectTrust: RedirectTrust
  readonly settings: ServerSettings
  readonly secrets: ServerSecrets
  readonly store: Store
  readonly limits: RateLimits
  readonly log: Log
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>
