import { authorizationServerScopes } from '@evergrant/authorization-server'
import type {
  ClientDocumentBinding,
  RefreshTokenBinding,
  ResourceIndicatorFunctions,
} from '@evergrant/authorization-server/oidc-provider'
import { errors, interactionPolicy } from 'oidc-provider'
import type { Configuration, JWKS } from 'oidc-provider'
import { settleClientMetadata } from '../clients/client-metadata.ts'
import { accessTokenFormats } from '../emulation/access-tokens.ts'
import type { AccessTypes } from '../emulation/access-type.ts'
import { refuseAuthorization } from '../emulation/emulate.ts'
import type { Emulation } from '../emulation/emulation.ts'
import type { EmulatedRegistrations } from '../emulation/registration.ts'
import { settleResource } from '../emulation/resource.ts'
import { isRedirectOrigin } from '../http/page-origins.ts'
import type { ServerSecrets } from '../keys/secrets.ts'
import { idTokenLifetimeSeconds } from '../keys/signing-keys.ts'
import { messagePage, signOutPage } from '../pages/message-pages.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import { accessTokenSeconds } from './access-token-lifetime.ts'
import type { AccountLookup } from './account-lookup.ts'
import { approveRequest, demoAccountId, policyWithoutPrompts } from './demo.ts'
import { deviceGrant } from './device-grant.ts'
import { sendPage, showError } from './error-pages.ts'
import { completeScope } from './requested-scope.ts'
import type { ResourceRegistry } from './resources.ts'

/** What the configuration of the engine is made from. */
export interface EngineParts {
  readonly settings: ServerSettings
  readonly accounts: AccountLookup
  readonly secrets: ServerSecrets
  readonly signingKeys: JWKS
  readonly resources: ResourceRegistry
  readonly binding: RefreshTokenBinding
  readonly documents: ClientDocumentBinding
  readonly resourceIndicators: ResourceIndicatorFunctions
  readonly accessTypes: AccessTypes | undefined
  readonly registrations: EmulatedRegistrations
}

/**
 * The configuration of oidc-provider. Every relevant option is set explicitly, with its reason when it
 * is not the default.
 */
export function engineConfiguration(parts: EngineParts): Configuration {
  const { settings, secrets, binding, documents } = parts
  return {
    ...binding.configuration,
    ...documents.configuration,
    ...refreshTokenOverrides(parts),
    ...accessTokenFormats(settings.emulation),
    jwks: parts.signingKeys,
    clients: [...settings.clients],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    // Only `code`: any other entry would add `implicit` to grant_types_supported.
    responseTypes: ['code'],
    scopes: authorizationServerScopes(['openid'], settings.policy),
    pkce: { required: () => true },
    cookies: {
      keys: secrets.cookieKeys,
      long: { signed: true, httpOnly: true, sameSite: 'lax' },
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    ttl: {
      ...binding.ttl,
      AccessToken: (ctx) => accessTokenSeconds(settings, binding.authorizationSeconds(ctx)),
      AuthorizationCode: 60,
      DeviceCode: 600,
      IdToken: idTokenLifetimeSeconds,
      Interaction: 3600,
      Session: 14 * 86_400,
    },
    features: features(parts),
    extraClientMetadata: {
      properties: ['software_id', 'software_version'],
      // The engine calls it once for each of the properties, and once is enough.
      validator: (ctx, key, _value, metadata) => {
        if (key === 'software_id') settleClientMetadata(metadata, settings, ctx)
      },
    },
    extraParams: authorizationParameters(parts),
    ...signInFunctions(parts),
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientAuthMethod === 'none' && isRedirectOrigin(origin, client.redirectUris),
    renderError(ctx, out, error) {
      showError(ctx, out, error, binding.unusedRegistrationSeconds)
    },
  }
}

/** The part in which an emulated product issues or rotates refresh tokens differently. */
function refreshTokenOverrides({
  settings,
  binding,
  accessTypes,
}: EngineParts): Pick<Configuration, 'issueRefreshToken' | 'rotateRefreshToken'> {
  const { issueRefreshToken } = binding.configuration
  return {
    ...(issueRefreshToken === undefined
      ? {}
      : {
          issueRefreshToken: issuingTo(
            settings.emulation.publicClients,
            accessTypes?.issuing(issueRefreshToken) ?? issueRefreshToken,
          ),
        }),
    ...(settings.emulation.rotation === 'new-token'
      ? {}
      : { rotateRefreshToken: async () => false }),
  }
}

function issuingTo(
  publicClients: Emulation['publicClients'],
  issue: NonNullable<Configuration['issueRefreshToken']>,
): NonNullable<Configuration['issueRefreshToken']> {
  if (publicClients === 'get-refresh-tokens') return issue
  return async (ctx, client, source) =>
    client.clientAuthMethod !== 'none' && (await issue(ctx, client, source))
}

function features({
  settings,
  documents,
  resourceIndicators,
}: EngineParts): NonNullable<Configuration['features']> {
  const { emulation } = settings
  return {
    devInteractions: { enabled: false },
    // None of the emulated products is known to offer it to MCP clients.
    deviceFlow: deviceGrant(settings),
    // For keys that sign on the calling thread.
    externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    clientIdMetadataDocument: {
      enabled: emulation.clientIdMetadataDocuments,
      ack: 'draft-02',
      ...documents.clientIdMetadataDocument,
    },
    introspection: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
    },
    // MCP clients do not use it, and it is one more entry to the authorization endpoint.
    pushedAuthorizationRequests: { enabled: false },
    // Without registration management (RFC 7592), its access token would open nothing.
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
  }
}

function authorizationParameters({
  settings,
  resources,
  registrations,
  accessTypes,
}: EngineParts): NonNullable<Configuration['extraParams']> {
  return {
    // Stored with the request, for the emulated product that uses it.
    ...(accessTypes === undefined ? {} : { access_type: () => {} }),
    // oidc-provider calls these functions after it knows the resources and before it looks at the
    // session. No request has a parameter with this name.
    'evergrant:request': (ctx) => {
      refuseAuthorization(ctx, settings.emulation)
      registrations.assertScope(ctx)
      settleResource(ctx, settings, resources)
      completeScope(ctx, settings)
      if (settings.demo) ctx.oidc.session?.loginAccount({ accountId: demoAccountId })
    },
  }
}

function signInFunctions({
  settings,
  accounts,
}: EngineParts): Pick<Configuration, 'findAccount' | 'interactions' | 'loadExistingGrant'> {
  return {
    async findAccount(ctx, id) {
      if (settings.demo && id === demoAccountId) return engineAccount(id)
      return (await accounts.exists(ctx, id)) ? engineAccount(id) : undefined
    },
    // One grant for each authorization, so that revoking one family ends no other sign-in.
    async loadExistingGrant(ctx) {
      if (settings.demo) return await approveRequest(ctx)
      const grantId = ctx.oidc.result?.consent?.grantId
      return grantId === undefined ? undefined : await ctx.oidc.provider.Grant.find(grantId)
    },
    interactions: {
      policy: settings.demo ? policyWithoutPrompts() : interactionPolicy.base(),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
  }
}

function engineAccount(accountId: string) {
  return { accountId, claims: () => ({ sub: accountId }) }
}

/**
 * Resources that tokens can be issued for, as the engine and the binding ask for them.
 *
 * @param authorizationSeconds - How long the authorization of a request lasts, if that is known.
 */
export function resourceIndicatorsOf(
  settings: ServerSettings,
  resources: ResourceRegistry,
  authorizationSeconds: (ctx: object) => number | undefined,
): ResourceIndicatorFunctions {
  return {
    defaultResource: (_ctx, _client, oneOf) => oneOf ?? resources.defaultResource,
    useGrantedResource: () => true,
    getResourceServerInfo(ctx, resource) {
      const audience = resources.audienceOf(resource)
      if (audience === undefined) throw new errors.InvalidTarget()
      return {
        scope: settings.resourceScopes.join(' '),
        audience,
        accessTokenTTL: accessTokenSeconds(settings, authorizationSeconds(ctx)),
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }
    },
  }
}
