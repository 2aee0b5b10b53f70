import { createGuardedFetch } from '@evergrant/authorization-server/guarded-fetch'
import { errors } from 'oidc-provider'
import type { Provider } from 'oidc-provider'
import { createDirectRefreshHandler } from './direct-refresh/handler.ts'
import { ReferenceServerError } from './errors.ts'
import type { RateLimits } from './http/rate-limits.ts'
import type { Routes } from './http/request-handler.ts'
import type { ServerSecrets } from './keys/secrets.ts'
import type { SigningKeySet } from './keys/signing-keys.ts'
import { createAccountHandler } from './pages/account-page.ts'
import { createInteractionHandler } from './pages/interaction-pages.ts'
import { createProvider } from './provider/provider.ts'
import { listedResources, loopbackResources } from './provider/resources.ts'
import type { AuthorizationServerOptions } from './settings/options.ts'
import type { ServerSettings } from './settings/server-settings.ts'
import type { Store } from './store/store.ts'
import type { Log } from './telemetry/log.ts'
import type { ServerEvents } from './telemetry/stats.ts'

/** The engine and the pages around it. */
export interface Engine {
  readonly provider: Provider
  readonly routes: Routes
}

export interface EngineDependencies {
  readonly issuer: string
  readonly settings: ServerSettings
  readonly store: Store
  readonly secrets: ServerSecrets
  readonly events: ServerEvents
  readonly log: Log
  readonly limits: RateLimits
  /** Network address of the current request. */
  readonly requester: () => string | undefined
  readonly given: Pick<AuthorizationServerOptions, 'assessRisk' | 'fetch'>
}

/** The engine takes its keys once, so another one is built when the keys change. */
export function buildEngine(dependencies: EngineDependencies, signingKeys: SigningKeySet): Engine {
  const { issuer, settings, store, secrets, events, log, limits, requester, given } = dependencies
  const { provider, binding, redirectTrust, directRefresh } = createProvider({
    issuer,
    settings,
    store,
    secrets,
    signingKeys,
    events,
    log,
    requester,
    resources: (settings.demo ? loopbackResources : listedResources)(settings.resources),
    fetch: given.fetch ?? createGuardedFetch(),
    assessRisk: given.assessRisk,
  })
  provider.on('grant.error', (ctx, { error }) => {
    if (error === 'authorization_pending') limits.excuse(ctx.res)
  })
  const pages = { issuer, provider, binding, redirectTrust, settings, secrets, store, limits, log }
  return {
    provider,
    routes: {
      interact: createInteractionHandler(pages),
      account: createAccountHandler(pages),
      directRefresh:
        directRefresh === undefined ? undefined : createDirectRefreshHandler(directRefresh, events),
      engine: provider.callback(),
    },
  }
}

/**
 * Checks configured clients. The engine would check their metadata only on their first request.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`
 */
export async function assertClients(
  provider: Provider,
  { clients }: ServerSettings,
): Promise<void> {
  for (const { client_id: clientId } of clients) {
    try {
      await provider.Client.find(clientId)
    } catch (cause) {
      if (!(cause instanceof errors.OIDCProviderError)) throw cause
      throw new ReferenceServerError(
        'OPTION_INVALID',
        `Client ${JSON.stringify(clientId.slice(0, 100))} has invalid metadata: ` +
          `${cause.error_description ?? cause.error}.`,
        { cause },
      )
    }
  }
}
