import {
  bindClientDocuments,
  bindRefreshTokens,
} from '@evergrant/authorization-server/oidc-provider'
import type { RefreshTokenBinding } from '@evergrant/authorization-server/oidc-provider'
import type { GuardedFetch } from '@evergrant/authorization-server/guarded-fetch'
import { Provider } from 'oidc-provider'
import { clientRiskBySettings } from '../clients/client-risk.ts'
import { allowRegistrationFromPages } from '../clients/registration-cors.ts'
import { createRedirectTrust } from '../clients/redirect-trust.ts'
import type { RedirectTrust } from '../clients/redirect-trust.ts'
import { createAccessTypes } from '../emulation/access-type.ts'
import { createDirectRefresh } from '../direct-refresh/direct-refresh.ts'
import type { DirectRefresh } from '../direct-refresh/direct-refresh.ts'
import { emulate } from '../emulation/emulate.ts'
import { createEmulatedRegistrations } from '../emulation/registration.ts'
import { emulateReuse } from '../emulation/refresh-token-store.ts'
import { signingOnThisThread } from '../keys/es256-signing-key.ts'
import type { ServerSecrets } from '../keys/secrets.ts'
import type { SigningKeySet } from '../keys/signing-keys.ts'
import type { AuthorizationServerOptions } from '../settings/options.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import type { ServerEvents } from '../telemetry/stats.ts'
import { createAccountLookup } from './account-lookup.ts'
import { advertiseScopes } from './advertised-scopes.ts'
import { fillInUserCode } from './device-grant.ts'
import { engineConfiguration, resourceIndicatorsOf } from './engine-configuration.ts'
import { showError } from './error-pages.ts'
import { logClientDocumentEvent, logRefreshTokenEvent, observeProvider } from './provider-log.ts'
import type { ResourceRegistry } from './resources.ts'

export interface ProviderDependencies {
  readonly issuer: string
  readonly settings: ServerSettings
  readonly store: Store
  readonly secrets: ServerSecrets
  readonly signingKeys: SigningKeySet
  readonly resources: ResourceRegistry
  readonly fetch: GuardedFetch
  /** Network address of the current request. */
  readonly requester: () => string | undefined
  readonly events: ServerEvents
  readonly log: Log
  readonly assessRisk: AuthorizationServerOptions['assessRisk']
}

export interface BoundProvider {
  readonly provider: Provider
  readonly binding: RefreshTokenBinding
  readonly redirectTrust: RedirectTrust
  /** `undefined` when the engine answers every refresh. */
  readonly directRefresh: DirectRefresh | undefined
}

/** oidc-provider, configured, with everything that is attached to it. */
export function createProvider(dependencies: ProviderDependencies): BoundProvider {
  const { issuer, settings, store, secrets, resources, events, log } = dependencies
  const signingKeys = signingOnThisThread(dependencies.signingKeys)
  const { emulation } = settings
  const resourceIndicators = resourceIndicatorsOf(settings, resources, (ctx) =>
    binding.authorizationSeconds(ctx),
  )
  const accounts = createAccountLookup(store)
  const risk = clientRiskBySettings(settings, store.artifacts)
  const binding = bindRefreshTokens(
    {
      artifacts: store.artifacts,
      refreshTokens: emulateReuse(store.refreshTokens, emulation.reuse),
      // An emulated product looks refresh tokens up in its own way.
      findForRefresh: emulation.reuse === 'by-rule' ? accounts.findForRefresh : undefined,
    },
    {
      successorKey: secrets.successorKey,
      policy: settings.policy,
      graceSeconds: settings.graceSeconds,
      overlapSeconds: settings.overlapSeconds,
      lifetimes: settings.lifetimes,
      assessRisk: dependencies.assessRisk ?? risk?.assess,
      resourceIndicators,
      observe(event) {
        events.refreshTokenEvent(event)
        logRefreshTokenEvent(log, event)
      },
    },
  )
  const accessTypes = emulation.accessTypeOffline ? createAccessTypes() : undefined
  const registrations = createEmulatedRegistrations(emulation, settings.defaultScopes)
  const documents = bindClientDocuments({
    fetch: dependencies.fetch,
    artifacts: store.artifacts,
    maximumMetadataBytes: settings.clientDocumentBytes,
    requester: dependencies.requester,
    observe: (event) => logClientDocumentEvent(log, event),
  })
  const configuration = engineConfiguration({
    settings,
    accounts,
    secrets,
    signingKeys,
    resources,
    binding,
    documents,
    resourceIndicators,
    accessTypes,
    registrations,
  })
  const provider = new Provider(issuer, configuration)
  // For X-Forwarded-Proto, without which the engine sets no secure cookies behind a TLS proxy. The
  // request handler overwrites that header, so clients cannot forge it.
  if (issuer.startsWith('https:')) provider.proxy = true
  const redirectTrust = createRedirectTrust(settings, store.artifacts, (ctx, error) => {
    const out = 'error' in error ? error : { error: 'server_error' }
    showError(ctx, out, error, binding.unusedRegistrationSeconds)
  })
  redirectTrust.guard(provider)
  if (emulation.deviceGrant) fillInUserCode(provider)
  emulate(provider, emulation)
  accessTypes?.observe(provider)
  registrations.attach(provider)
  binding.attach(provider)
  allowRegistrationFromPages(provider, emulation.registration)
  advertiseScopes(provider, settings)
  documents.attach(provider)
  risk?.observe(provider, log)
  observeProvider(provider, events, log)
  const directRefresh = createDirectRefresh({
    issuer,
    provider,
    binding,
    store,
    settings,
    resources,
    signingKeys,
  })
  return { provider, binding, redirectTrust, directRefresh }
}
