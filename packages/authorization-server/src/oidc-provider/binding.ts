import { Provider } from 'oidc-provider'
import type { AdapterPayload, Client, Configuration } from 'oidc-provider'
import { AuthorizationServerError } from '../lib/errors.ts'
import {
  decideRefreshIssuance,
  grantTypeIsOptional,
  offlineAccessHasEffect,
} from '../issuance/issuance.ts'
import type {
  RefreshIssuanceDecision,
  RefreshIssuancePolicy,
  RiskAssessment,
} from '../issuance/issuance.ts'
import { assertLifetime } from '../lib/lifetime.ts'
import { assertLifetimes } from '../rotation/redemption.ts'
import {
  defaultGraceSeconds,
  defaultOverlapSeconds,
  defaultRefreshTokenLifetimes,
  successorDerivation,
} from '../rotation/rotation-rule.ts'
import type {
  RefreshTokenLifetimes,
  RefreshTokenStore,
  ReuseReason,
} from '../rotation/rotation-rule.ts'
import { createAdapters, endGrant } from './adapter.ts'
import type { ArtifactStore } from './artifacts.ts'
import { compareHashedSecrets } from './client-secrets.ts'
import { assertResource } from './effective-resource.ts'
import type { ResourceIndicatorFunctions } from './effective-resource.ts'
import { defaultUnusedRegistrationSeconds } from './registrations.ts'

/** Where the binding keeps its state. */
export interface RefreshTokenBindingStores {
  readonly artifacts: ArtifactStore
  readonly refreshTokens: RefreshTokenStore<AdapterPayload>
}

/** What a risk assessment may look at. */
export interface RiskFacts {
  readonly client: Client
  readonly accountId: string
  /** Of the authorization request at hand; `undefined` where the flow has none. */
  readonly redirectUri: string | undefined
  readonly requestedScopes: readonly string[]
}

/** What happened to refresh tokens; ids only, never a token. */
export type RefreshTokenEvent =
  | {
      readonly type: 'issuance-decided'
      readonly clientId: string
      readonly decision: RefreshIssuanceDecision
    }
  | {
      /** Exchanged; its successor given again; or given back within the overlap. */
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
  /** At least 32 random bytes, persisted; the same for every instance of the server. */
  readonly successorKey: Uint8Array
  /** Default `either`. */
  readonly preset?: RefreshIssuancePolicy | undefined
  /** Default 300; `0` turns the grace off. */
  readonly graceSeconds?: number | undefined
  /**
   * For how long both tokens of an exchange are good, for calls that come one after the other.
   * Default 10; `0` turns it off. Keep it well below the life of an access token.
   */
  readonly overlapSeconds?: number | undefined
  /** Default 14 days idle, 90 days in all. */
  readonly lifetimes?: RefreshTokenLifetimes | undefined
  /**
   * How long a dynamic registration is kept without consent of a user, and how long after the
   * absolute end of its last grant. Default 7 days.
   */
  readonly unusedRegistrationSeconds?: number | undefined
  /** Asked at each issuance, and for the consent page. */
  readonly assessRisk?: ((facts: RiskFacts) => RiskAssessment | Promise<RiskAssessment>) | undefined
  readonly observe?: ((event: RefreshTokenEvent) => void) | undefined
  /**
   * The same functions as in `features.resourceIndicators`, where that is on: they are asked before
   * a token is spent. Without them, a refresh whose granted resource is refused spends its token.
   */
  readonly resourceIndicators?: ResourceIndicatorFunctions | undefined
  /** The clock; default the system's. oidc-provider itself always reads the system's. */
  readonly nowEpochSeconds?: (() => number) | undefined
}

/** One authorization, as far as issuing a refresh token for it goes. */
export interface IssuanceSubject {
  readonly client: Client
  readonly accountId: string
  /** Of the authorization request: where the answer goes. `undefined` where the flow has none. */
  readonly redirectUri: string | undefined
  readonly responseType: string
  readonly requestedScopes: readonly string[]
  readonly consentedScopes: readonly string[]
}

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
  /** The decision the token endpoint will come to, for the consent page. */
  decide(subject: IssuanceSubject): Promise<RefreshIssuanceDecision>
  /** Ends a grant, with every token issued under it: for a page on which users end sign-ins. */
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
 * is stored as a hash where the engine only compares it. If you enable request objects, leave `HS256`
 * and other HMAC algorithms out of `enabledJWA.requestObjectSigningAlgValues`: they use the secret as
 * a key, and the client's metadata need not say so.
 *
 * Requirements it cannot check: the consent page is shown on every authorization (the binding
 * relies on it to honour `offline_access` without `prompt=consent`, as OIDC Core §11 permits where
 * consent is obtained in another way), and every authorization has a grant of its own, so that
 * revoking a family touches no other sign-in of the same client.
 *
 * Concurrency: safe for any number of requests, and for any number of processes over one store.
 *
 * @throws {@link AuthorizationServerError} `SUCCESSOR_KEY_TOO_SHORT`, `LIFETIME_INVALID`
 */
export function bindRefreshTokens(
  stores: RefreshTokenBindingStores,
  options: RefreshTokenBindingOptions,
): RefreshTokenBinding {
  const deriveSuccessor = successorDerivation(options.successorKey)
  const lifetimes = assertLifetimes(options.lifetimes ?? defaultRefreshTokenLifetimes)
  const preset = options.preset ?? 'either'
  const emit = options.observe ?? (() => {})
  const unusedRegistrationSeconds = assertLifetime(
    'unusedRegistrationSeconds',
    options.unusedRegistrationSeconds ?? defaultUnusedRegistrationSeconds,
  )
  let attached: Provider | undefined
  const decisions = new WeakMap<object, RefreshIssuanceDecision>()

  async function decide(subject: IssuanceSubject): Promise<RefreshIssuanceDecision> {
    const { client, accountId, redirectUri, responseType, requestedScopes, consentedScopes } =
      subject
    const risk = await options.assessRisk?.({ client, accountId, redirectUri, requestedScopes })
    return decideRefreshIssuance(
      {
        clientGrantTypes: client.grantTypes ?? [],
        responseType,
        requestedScopes,
        consentedScopes,
        risk,
      },
      { preset },
    )
  }

  const adapters = createAdapters({
    ...stores,
    lifetimes,
    unusedRegistrationSeconds,
    isKnown: async (clientId) => (await attached?.Client.find(clientId)) !== undefined,
    graceSeconds: options.graceSeconds ?? defaultGraceSeconds,
    overlapSeconds: options.overlapSeconds ?? defaultOverlapSeconds,
    nowEpochSeconds: options.nowEpochSeconds ?? (() => Math.floor(Date.now() / 1000)),
    maximumLifetimeSeconds: (context) => decisions.get(context)?.maximumLifetimeSeconds,
    onRedeemed: (record, outcome) =>
      emit({
        type: outcome,
        clientId: record.data.clientId ?? '',
        grantId: record.familyId,
      }),
    onReuse: (record, reason) =>
      emit({
        type: 'reuse-detected',
        clientId: record.data.clientId ?? '',
        grantId: record.familyId,
        reason,
      }),
  })

  const issuing: Pick<Configuration, 'issueRefreshToken'> =
    // Leaving the hook out is what keeps `refresh_token` out of `grant_types_supported`.
    preset === 'never'
      ? {}
      : {
          async issueRefreshToken(ctx, client, source) {
            const scopes = [...source.scopes]
            const decision = await decide({
              client,
              accountId: source.accountId ?? '',
              redirectUri: redirectUriOf(source),
              // What redeems here is a code; a response type without one cannot get this far.
              responseType: 'code',
              requestedScopes: scopes,
              // The engine keeps in a code only what the grant contains.
              consentedScopes: scopes,
            })
            decisions.set(ctx, decision)
            emit({ type: 'issuance-decided', clientId: client.clientId, decision })
            return decision.issue
          },
        }

  return {
    configuration: {
      adapter: adapters.adapterFor,
      // A grant per authorization: ending one session must not end tokens of another.
      expiresWithSession: async () => false,
      ...issuing,
      async rotateRefreshToken(ctx) {
        // A request that the engine will refuse must not spend the token.
        await assertResource(ctx, options.resourceIndicators)
        return !(await adapters.keepsPresented(ctx))
      },
    },
    ttl: {
      RefreshToken: () => lifetimes.idleSeconds,
      // Outlives the family by an hour, for the time between consent and redemption.
      Grant: () => lifetimes.absoluteSeconds + 3600,
    },
    lifetimes,
    unusedRegistrationSeconds,
    decide,
    endGrant: async (grantId) => await endGrant(stores, grantId),
    attach(provider) {
      attached = provider
      compareHashedSecrets(provider)
      overrideTokenId(provider, deriveSuccessor)
      if (grantTypeIsOptional(preset)) allowRefreshGrant(provider)
      if (offlineAccessHasEffect(preset)) keepOfflineAccess(provider)
    },
  }
}

/** The one that the engine keeps with a code; other sources have none. */
function redirectUriOf(source: object): string | undefined {
  return 'redirectUri' in source && typeof source.redirectUri === 'string'
    ? source.redirectUri
    : undefined
}

/**
 * Makes the id of a rotated refresh token the successor of the presented one. In this engine a
 * token's id is its value, and each provider has model classes of its own.
 */
function overrideTokenId(
  provider: Provider,
  deriveSuccessor: (refreshToken: string) => string,
): void {
  const prototype: object = provider.RefreshToken.prototype
  const generateTokenId: unknown = Reflect.get(prototype, 'generateTokenId')
  if (typeof generateTokenId !== 'function') {
    throw new AuthorizationServerError(
      'ENGINE_NOT_SUPPORTED',
      'Expected RefreshToken models of oidc-provider to have generateTokenId(), as in 9.x; the ' +
        'installed version has none. Install a version in the peer range of this package.',
    )
  }
  Object.defineProperty(prototype, 'generateTokenId', {
    configurable: true,
    writable: true,
    value(this: unknown): unknown {
      const rotated = Provider.ctx?.oidc.entities.RotatedRefreshToken
      return rotated === undefined
        ? Reflect.apply(generateTokenId, this, [])
        : deriveSuccessor(rotated.jti)
    },
  })
}

/**
 * Under some policies a client may get a refresh token without having declared the grant type; it
 * must then be able to use it. The registered metadata stays as declared, for the policy to read.
 */
function allowRefreshGrant(provider: Provider): void {
  provider.Client.prototype.grantTypeAllowed = function grantTypeAllowed(type) {
    return type === 'refresh_token' || this.grantTypes?.includes(type) === true
  }
}

/**
 * The engine drops `offline_access` unless `prompt=consent` is there. Consent is asked on every
 * authorization here, so the request is completed instead.
 */
function keepOfflineAccess(provider: Provider): void {
  provider.use(async (ctx, next) => {
    if (ctx.method === 'GET' && ctx.path === provider.pathFor('authorization')) {
      const { scope, prompt } = ctx.query
      const prompts = typeof prompt === 'string' ? prompt.split(' ').filter(Boolean) : []
      const asksOffline = typeof scope === 'string' && scope.split(' ').includes('offline_access')
      if (
        asksOffline &&
        !Array.isArray(prompt) &&
        !prompts.some((p) => /^(none|consent)$/.test(p))
      ) {
        ctx.query = { ...ctx.query, prompt: [...prompts, 'consent'].join(' ') }
      }
    }
    await next()
  })
}
