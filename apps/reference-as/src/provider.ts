import type { EventEmitter } from 'node:events'
import {
  bindClientDocuments,
  bindRefreshTokens,
  isClientDocumentUnavailable,
} from '@evergrant/authorization-server/oidc-provider'
import type {
  RefreshTokenBinding,
  ResourceIndicatorFunctions,
} from '@evergrant/authorization-server/oidc-provider'
import { authorizationServerScopes } from '@evergrant/authorization-server'
import type { GuardedFetch } from '@evergrant/authorization-server/guarded-fetch'
import { errors, interactionPolicy, Provider } from 'oidc-provider'
import type {
  Configuration,
  errors as engineErrors,
  Grant,
  JWKS,
  KoaContextWithOIDC,
} from 'oidc-provider'
import { isClientIdMetadataUrl } from '@evergrant/core'
import { settleClientMetadata } from './clients/client-metadata.ts'
import { clientRiskBySettings } from './clients/client-risk.ts'
import { clip, clippedMessage } from './telemetry/log.ts'
import type { Log } from './telemetry/log.ts'
import type { AuthorizationServerOptions, ServerSettings } from './settings/options.ts'
import { createAccessTypes } from './emulation/access-type.ts'
import { emulate, refuseAuthorization } from './emulation/emulate.ts'
import { emulateReuse } from './emulation/refresh-token-store.ts'
import { settleResource } from './emulation/resource.ts'
import { pageHeaders, renderPage } from './pages/layout.ts'
import type { Page } from './pages/layout.ts'
import { messagePage, refusedRequestPage, unregisteredPage } from './pages/pages.ts'
import { createRedirectTrust } from './clients/redirect-trust.ts'
import type { RedirectTrust } from './clients/redirect-trust.ts'
import type { ResourceRegistry } from './resources.ts'
import type { ServerSecrets } from './keys/secrets.ts'
import { idTokenLifetimeSeconds } from './keys/signing-keys.ts'
import type { ServerEvents } from './telemetry/stats.ts'
import type { Store } from './store/store.ts'

/** The one account of the demo. */
const demoAccountId = 'demo'

export interface ProviderDependencies {
  readonly issuer: string
  readonly settings: ServerSettings
  readonly store: Store
  readonly secrets: ServerSecrets
  /** The first key that fits an algorithm signs; all are published. */
  readonly signingKeys: JWKS
  readonly resources: ResourceRegistry
  readonly fetch: GuardedFetch
  /** Network address of the request that is being answered. */
  readonly requester: () => string | undefined
  readonly events: ServerEvents
  readonly log: Log
  readonly assessRisk: AuthorizationServerOptions['assessRisk']
}

export interface BoundProvider {
  readonly provider: Provider
  readonly binding: RefreshTokenBinding
  readonly redirectTrust: RedirectTrust
}

/**
 * oidc-provider, configured: nothing it would do by default is left to its default by accident
 * (A-08, A-11).
 */
export function createProvider(dependencies: ProviderDependencies): BoundProvider {
  const { issuer, settings, store, secrets, resources, events, log } = dependencies
  const { emulation } = settings
  const refreshTokens = emulateReuse(store.refreshTokens, emulation.reuse)
  const resourceIndicators: ResourceIndicatorFunctions = {
    defaultResource: (_ctx, _client, oneOf) => oneOf ?? resources.defaultResource,
    useGrantedResource: () => true,
    getResourceServerInfo(_ctx, resource) {
      const audience = resources.audienceOf(resource)
      if (audience === undefined) throw new errors.InvalidTarget()
      return {
        scope: settings.resourceScopes.join(' '),
        audience,
        accessTokenTTL: settings.accessTokenLifetimeSeconds,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }
    },
  }
  const risk = clientRiskBySettings(settings, store.artifacts)
  const binding = bindRefreshTokens(
    { ...store, refreshTokens },
    {
      successorKey: secrets.successorKey,
      preset: settings.preset,
      graceSeconds: settings.graceSeconds,
      overlapSeconds: settings.overlapSeconds,
      lifetimes: settings.lifetimes,
      assessRisk: dependencies.assessRisk ?? risk?.assess,
      resourceIndicators,
      observe(event) {
        events.refreshTokenEvent(event)
        if (event.type === 'issuance-decided') {
          const { issue, reason, riskReason } = event.decision
          const fields = { client: clip(event.clientId), issue, reason, riskReason }
          log({ level: 'info', event: 'refresh_token.issuance', ...fields })
        } else {
          log({
            level: event.type === 'reuse-detected' ? 'warn' : 'info',
            event: `refresh_token.${event.type}`,
            client: clip(event.clientId),
            grant: event.grantId,
            reason: event.type === 'reuse-detected' ? event.reason : undefined,
          })
        }
      },
    },
  )

  const accessTypes = emulation.accessTypeOffline ? createAccessTypes() : undefined
  const { issueRefreshToken } = binding.configuration
  const documents = bindClientDocuments({
    fetch: dependencies.fetch,
    artifacts: store.artifacts,
    requester: dependencies.requester,
    observe({ type, url, cause }) {
      const detail = clippedMessage(cause)
      const level = type === 'copy-used' ? 'warn' : 'error'
      log({ level, event: `client_document.${type}`, url: clip(url), detail })
    },
  })
  const configuration: Configuration = {
    ...binding.configuration,
    ...documents.configuration,
    ...(issueRefreshToken === undefined || accessTypes === undefined
      ? {}
      : { issueRefreshToken: accessTypes.issuing(issueRefreshToken) }),
    ...(emulation.rotation === 'new-token' ? {} : { rotateRefreshToken: async () => false }),
    jwks: dependencies.signingKeys,
    clients: [...settings.clients],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    // `code` alone: any other entry would put `implicit` into grant_types_supported.
    responseTypes: ['code'],
    scopes: authorizationServerScopes(['openid'], settings.preset),
    pkce: { required: () => true },
    cookies: {
      keys: secrets.cookieKeys,
      long: { signed: true, httpOnly: true, sameSite: 'lax' },
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    ttl: {
      ...binding.ttl,
      AccessToken: () => settings.accessTokenLifetimeSeconds,
      AuthorizationCode: 60,
      IdToken: idTokenLifetimeSeconds,
      Interaction: 3600,
      Session: 14 * 86_400,
    },
    features: {
      devInteractions: { enabled: false },
      clientIdMetadataDocument: {
        enabled: emulation.clientIdMetadataDocuments,
        ack: 'draft-02',
        ...documents.clientIdMetadataDocument,
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      // Not something MCP clients use, and one more way into the authorization endpoint.
      pushedAuthorizationRequests: { enabled: false },
      // Without registration management (RFC 7592) there is nothing that its token would open.
      registration: { enabled: emulation.registration, issueRegistrationAccessToken: false },
      resourceIndicators: { enabled: true, ...resourceIndicators },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          sendPage(ctx, signOutPage(form))
        },
        postLogoutSuccessSource(ctx) {
          sendPage(ctx, messagePage('Signed out', 'You are signed out of this server.'))
        },
      },
    },
    extraClientMetadata: {
      properties: ['software_id', 'software_version'],
      // Asked once for each of the properties, and once is enough.
      validator: (ctx, key, _value, metadata) => {
        if (key === 'software_id') settleClientMetadata(metadata, settings, ctx)
      },
    },
    extraParams: {
      // Kept with the request, for the profile that needs it.
      ...(accessTypes === undefined ? {} : { access_type: () => {} }),
      // oidc-provider runs these after it knows the resources and before it looks at the session.
      // Nothing is expected in a parameter of this name.
      'evergrant:request': (ctx) => {
        refuseAuthorization(ctx, emulation)
        settleResource(ctx, settings, resources)
        completeScope(ctx, settings)
        if (settings.demo) ctx.oidc.session?.loginAccount({ accountId: demoAccountId })
      },
    },
    async findAccount(_ctx, id) {
      if (settings.demo && id === demoAccountId) return engineAccount(id)
      return (await store.accounts.findById(id)) === undefined ? undefined : engineAccount(id)
    },
    // A grant for each authorization: revoking one family then ends no other sign-in.
    async loadExistingGrant(ctx) {
      if (settings.demo) return await grantRequested(ctx)
      const grantId = ctx.oidc.result?.consent?.grantId
      return grantId === undefined ? undefined : await ctx.oidc.provider.Grant.find(grantId)
    },
    interactions: {
      policy: settings.demo ? promptNobody() : interactionPolicy.base(),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientAuthMethod === 'none' &&
      // Private-use schemes have the origin `null`, and so has any page that hides its own.
      origin !== 'null' &&
      (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin),
    renderError(ctx, out, error) {
      showError(ctx, out, error)
    },
  }

  function showError(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): void {
    if (isClientDocumentUnavailable(error)) {
      ctx.status = 503
      sendPage(
        ctx,
        messagePage(
          'This sign-in cannot go on right now',
          'The website that says what this application is does not answer. That is no mistake of ' +
            'yours: go back to the application in a minute and start again.',
        ),
      )
      return
    }
    if (isUnregistered(ctx, error)) {
      sendPage(ctx, unregisteredPage(binding.unusedRegistrationSeconds))
      return
    }
    sendPage(ctx, refusedRequestPage(`${out.error}: ${out.error_description ?? out.error}`))
  }

  const provider = new Provider(issuer, configuration)
  const redirectTrust = createRedirectTrust(settings, store.artifacts, (ctx, error) => {
    showError(ctx, 'error' in error ? error : { error: 'server_error' }, error)
  })
  redirectTrust.guard(provider)
  emulate(provider, emulation)
  accessTypes?.observe(provider)
  binding.attach(provider)
  advertiseScopes(provider, settings)
  documents.attach(provider)
  risk?.observe(provider, log)
  observe(provider, events, log)
  return { provider, binding, redirectTrust }
}

interface ErrorOut {
  readonly error: string
  readonly error_description?: string | undefined
}

/** Whether an authorization request names a client that could be registered here, and is not. */
function isUnregistered(ctx: KoaContextWithOIDC, error: Error): boolean {
  const clientId = ctx.query['client_id']
  return (
    error instanceof errors.InvalidClient &&
    ctx.oidc.client === undefined &&
    typeof clientId === 'string' &&
    !isClientIdMetadataUrl(clientId)
  )
}

/** Sends a page through the engine's context. */
function sendPage(ctx: KoaContextWithOIDC, page: Page): void {
  ctx.set({ ...pageHeaders(page) })
  ctx.body = renderPage(page)
}

function engineAccount(accountId: string) {
  return { accountId, claims: () => ({ sub: accountId }) }
}

/** Fills in what a request without usable scope means (RFC 6749 §3.3), or refuses it. */
function completeScope(ctx: KoaContextWithOIDC, settings: ServerSettings): void {
  const { params } = ctx.oidc
  if (params === undefined) return
  const requested = [...ctx.oidc.requestParamScopes].filter(Boolean)
  const hasResource = Object.keys(ctx.oidc.resourceServers ?? {}).length > 0
  // Without a resource the engine has removed resource scopes from its copy by now.
  const asked = typeof ctx.query['scope'] === 'string' ? ctx.query['scope'].split(' ') : []
  if (!hasResource && asked.some((scope) => settings.resourceScopes.includes(scope))) {
    throw new errors.InvalidTarget('these scopes need a resource parameter (RFC 8707)')
  }
  const known = hasResource ? ['openid', ...settings.resourceScopes] : ['openid']
  if (requested.some((scope) => known.includes(scope))) return
  const unknown = requested.filter((scope) => scope !== 'offline_access')
  if (unknown.length > 0) {
    throw new errors.InvalidScope('none of the requested scopes is known here', unknown.join(' '))
  }
  const defaults = hasResource ? settings.defaultScopes : ['openid']
  params['scope'] = [...defaults, ...requested].join(' ')
}

/** Puts into a grant all that the authorization request asks for, as far as it is known. */
export function addRequested(
  grant: Grant,
  scopes: readonly string[],
  resources: readonly string[],
  resourceScopes: readonly string[],
): void {
  const own = scopes.filter((scope) => scope === 'openid' || scope === 'offline_access')
  if (own.length > 0) grant.addOIDCScope(own)
  const asked = scopes.filter((scope) => resourceScopes.includes(scope))
  for (const resource of resources) {
    if (asked.length > 0) grant.addResourceScope(resource, asked)
  }
}

async function grantRequested(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { account, client, provider, resourceServers = {} } = ctx.oidc
  if (account === undefined || client === undefined) return undefined
  const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
  for (const [resource, server] of Object.entries(resourceServers)) {
    addRequested(grant, [...ctx.oidc.requestParamScopes], [resource], [...server.scopes])
  }
  addRequested(grant, [...ctx.oidc.requestParamOIDCScopes], [], [])
  await grant.save()
  return grant
}

/** The engine's policy without the checks that only a person can answer. */
function promptNobody(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  policy.get('login')?.checks.remove('login_prompt')
  policy.get('consent')?.checks.remove('consent_prompt')
  policy.get('consent')?.checks.remove('native_client_prompt')
  return policy
}

/** Scopes of resources belong into the metadata, but the engine would take them for its own. */
function advertiseScopes(provider: Provider, settings: ServerSettings): void {
  const scopes = advertisedScopes(settings)
  provider.use(async (ctx, next) => {
    await next()
    const body: unknown = ctx.body
    if (!ctx.path.startsWith('/.well-known/') || typeof body !== 'object' || body === null) return
    if ('scopes_supported' in body) body.scopes_supported = scopes
  })
}

function advertisedScopes({
  emulation,
  preset,
  resourceScopes,
}: ServerSettings): readonly string[] {
  const scopes = authorizationServerScopes(['openid', ...resourceScopes], preset)
  if (emulation.offlineAccess === 'by-policy') return scopes
  const others = scopes.filter((scope) => scope !== 'offline_access')
  return emulation.offlineAccess === 'listed' ? [...others, 'offline_access'] : others
}

function signOutPage(form: string): Page {
  return {
    title: 'Sign out',
    formTargets: 'self',
    body: {
      markup: `<h1>Sign out of this server?</h1>${form}<div class="actions">
        <button form="op.logoutForm">Stay signed in</button>
        <button class="primary" form="op.logoutForm" name="logout" value="yes">Sign out</button>
        </div>`,
    },
  }
}

function observe(provider: Provider, events: ServerEvents, log: Log): void {
  const grantType = (ctx: KoaContextWithOIDC) => {
    const value: unknown = ctx.oidc.params?.['grant_type']
    return typeof value === 'string' ? value : ''
  }
  const refused = (event: string) => (ctx: KoaContextWithOIDC, error: Error) => {
    log({
      level: 'warn',
      event,
      client: clip(ctx.oidc.client?.clientId),
      ...describeError(error),
    })
  }
  provider.on('authorization.success', () => events.signedIn())
  provider.on('authorization.error', refused('authorization.refused'))
  provider.on('registration_create.error', refused('registration.refused'))
  provider.on('revocation.error', refused('revocation.refused'))
  provider.on('introspection.error', refused('introspection.refused'))
  provider.on('grant.success', (ctx) => events.tokenRequest(grantType(ctx), 'success'))
  provider.on('grant.error', (ctx, error) => {
    events.tokenRequest(grantType(ctx), error.error)
    refused('token.refused')(ctx, error)
  })
  provider.on('server_error', (ctx, error) => {
    if (ctx.oidc.route === 'token') events.tokenRequest(grantType(ctx), 'server_error')
    log({ level: 'error', event: 'server_error', route: ctx.oidc.route, ...describeError(error) })
  })
  // Without a listener Koa prints stacks to the console.
  const koa: EventEmitter = provider
  koa.on('error', (error: Error) => {
    log({ level: 'error', event: 'server_error', ...describeError(error) })
  })
}

/** The engine's generic description is for the client; the log gets the detail. */
function describeError(error: Error | engineErrors.OIDCProviderError) {
  const own = 'error' in error && typeof error.error === 'string' ? error : undefined
  return {
    error: own?.error ?? error.name,
    detail: clip(own?.error_detail ?? own?.error_description ?? error.message),
  }
}
