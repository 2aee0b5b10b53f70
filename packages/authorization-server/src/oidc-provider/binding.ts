import type { Configuration, Provider } from 'oidc-provider'
import { grantTypeIsOptional, offlineAccessHasEffect } from '../issuance/issuance.ts'
import type { RefreshIssuanceDecision } from '../issuance/issuance.ts'
import { defaultRefreshIssuancePolicy } from '../issuance/presets.ts'
import { wholeSeconds } from '../lib/clock.ts'
import { assertLifetime } from '../lib/lifetime.ts'
import { assertLifetimes, defaultRefreshTokenLifetimes } from '../rotation/lifetimes.ts'
import type { RefreshTokenLifetimes } from '../rotation/lifetimes.ts'
import { createRedemption } from '../rotation/redemption.ts'
import { successorDerivation } from '../rotation/successor.ts'
import { adapterFor, endGrant } from './adapters.ts'
import type { RefreshTokenBindingStores } from './adapters.ts'
import type { RefreshTokenBindingOptions } from './binding-options.ts'
import { compareHashedSecrets } from './client-secrets.ts'
import { createDirectExchange } from './direct-exchange.ts'
import type { DirectExchange } from './direct-exchange.ts'
import { assertResource } from './effective-resource.ts'
import { announceLifetimes } from './announced-lifetimes.ts'
import { allowRefreshGrant, keepOfflineAccess, overrideTokenId } from './engine-overrides.ts'
import { createIssuance } from './issuance.ts'
import type { IssuanceSubject } from './issuance.ts'
import { createRefreshTokenAdapter } from './refresh-token-adapter.ts'
import type { PresentedTokenEvent } from './refresh-token-adapter.ts'
import { defaultUnusedRegistrationSeconds } from './registrations.ts'
import { createRefreshReads } from './stored-for-refresh.ts'

/** What {@link bindRefreshTokens} returns. */
export interface RefreshTokenBinding {
  /** Spread into the configuration of `new Provider(issuer, configuration)`. */
  readonly configuration: Pick<
    Configuration,
    'adapter' | 'expiresWithSession' | 'issueRefreshToken' | 'rotateRefreshToken'
  >
  /** Merge into `configuration.ttl`. */
  readonly ttl: { readonly RefreshToken: () => number; readonly Grant: () => number }
  readonly lifetimes: RefreshTokenLifetimes
  /** For a page about a client that is no longer registered. */
  readonly unusedRegistrationSeconds: number
  /** The decision that the token endpoint will make, for the consent page. */
  decide(subject: IssuanceSubject): Promise<RefreshIssuanceDecision>
  /**
   * How long the authorization of the current request lasts, in seconds, for `accessTokenTTL`: an
   * access token must not outlive it. `undefined` before a refresh token was issued or presented.
   */
  authorizationSeconds(context: object): number | undefined
  /**
   * Exchanges a refresh token without the engine, for a server that answers plain refreshes before they reach it.
   * Call it last: the caller has checked what the engine would check, and the token is spent.
   */
  readonly exchange: DirectExchange
  /** Ends a grant with every token issued under it, for a page on which users end sign-ins. */
  endGrant(grantId: string): Promise<void>
  /**
   * Attaches to a provider built with `configuration`. Call once, before it serves requests.
   *
   * @throws {@link AuthorizationServerError} `ENGINE_NOT_SUPPORTED`
   */
  attach(provider: Provider): void
}

/**
 * Binds the issuance policy, and rotation with successor grace, to oidc-provider 9.
 *
 * Unused dynamic registrations are removed (`unusedRegistrationSeconds`), and their `client_secret`
 * is stored as a hash when the engine only compares it. If you enable request objects, leave `HS256`
 * and other HMAC algorithms out of `enabledJWA.requestObjectSigningAlgValues`: they use the secret
 * as a key, and the client's metadata need not declare them.
 *
 * Requirements it cannot check: the consent page is shown on every authorization (the binding
 * relies on it to honor `offline_access` without `prompt=consent`, as OIDC Core §11 permits when
 * consent is obtained in another way), and every authorization has its own grant, so that revoking a
 * family affects no other sign-in of the same client.
 *
 * Concurrency: safe for any number of requests, and for any number of processes over one store.
 *
 * @example
 * ```ts
 * const binding = bindRefreshTokens(stores, { successorKey })
 * const provider = new Provider(issuer, { ...binding.configuration, ttl: binding.ttl })
 * binding.attach(provider)
 * ```
 *
 * @throws {@link AuthorizationServerError} `SUCCESSOR_KEY_TOO_SHORT`, `LIFETIME_INVALID`
 */
export function bindRefreshTokens(
  stores: RefreshTokenBindingStores,
  options: RefreshTokenBindingOptions,
): RefreshTokenBinding {
  const { policy = defaultRefreshIssuancePolicy } = options
  const deriveSuccessor = successorDerivation(options.successorKey)
  const lifetimes = assertLifetimes(options.lifetimes ?? defaultRefreshTokenLifetimes)
  const clock = wholeSeconds(options.clock)
  const unusedRegistrationSeconds = assertLifetime(
    'unusedRegistrationSeconds',
    options.unusedRegistrationSeconds ?? defaultUnusedRegistrationSeconds,
  )
  const issuance = createIssuance(options)
  const reads = createRefreshReads(stores.findForRefresh)
  const redemption = createRedemption(stores.refreshTokens, { ...options, lifetimes, clock })
  const observe = ({ record, ...event }: PresentedTokenEvent) => {
    const { data, familyId: grantId } = record
    options.observe?.({ ...event, clientId: data.clientId ?? '', grantId })
  }
  const refreshTokens = createRefreshTokenAdapter({
    refreshTokens: stores.refreshTokens,
    reads,
    redemption,
    lifetimes,
    clock,
    maximumLifetimeSeconds: issuance.maximumLifetimeSeconds,
    endGrant: async (grantId) => await endGrant(stores, grantId),
    observe,
  })
  let attached: Provider | undefined
  const artifactDependencies = {
    artifacts: stores.artifacts,
    clock,
    unusedRegistrationSeconds,
    isKnown: async (clientId: string) => (await attached?.Client.find(clientId)) !== undefined,
  }

  return {
    configuration: {
      ...issuance.configuration,
      adapter: (model) => adapterFor(model, refreshTokens.adapter, artifactDependencies, reads),
      // Each authorization has its own grant: the end of a session must not end its tokens.
      expiresWithSession: async () => false,
      async rotateRefreshToken(ctx) {
        // A request that the engine will refuse must not spend the token.
        await assertResource(ctx, options.resourceIndicators)
        return !(await refreshTokens.keepsPresented(ctx))
      },
    },
    ttl: {
      RefreshToken: () => lifetimes.idleSeconds,
      // Outlives the family by an hour, for the time between consent and redemption.
      Grant: () => lifetimes.absoluteSeconds + 3600,
    },
    lifetimes,
    unusedRegistrationSeconds,
    decide: issuance.decide,
    authorizationSeconds: (context) => refreshTokens.lifetimeOf(context)?.authorization_expires_in,
    exchange: createDirectExchange({
      ...options,
      redemption,
      deriveSuccessor,
      lifetimes,
      clock,
      observe,
    }),
    endGrant: async (grantId) => await endGrant(stores, grantId),
    attach(provider) {
      attached = provider
      compareHashedSecrets(provider)
      overrideTokenId(provider, deriveSuccessor)
      if (grantTypeIsOptional(policy)) allowRefreshGrant(provider)
      if (offlineAccessHasEffect(policy)) keepOfflineAccess(provider)
      if (policy !== 'never') {
        announceLifetimes(provider, (context) => refreshTokens.lifetimeOf(context))
      }
    },
  }
}
