/**
 * An authorization server on oidc-provider, with the policy and the rotation of
 * `@evergrant/authorization-server`. Everything is in memory, and any password signs in.
 *
 *     node apps/samples/src/oidc-provider-server.ts 9400 http://127.0.0.1:3000/mcp
 */
// #region program
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import process from 'node:process'
import {
  authorizationServerScopes,
  createMemoryRefreshTokenStore,
} from '@evergrant/authorization-server'
import { createGuardedFetch } from '@evergrant/authorization-server/guarded-fetch'
import {
  bindClientDocuments,
  bindRefreshTokens,
  createMemoryArtifactStore,
} from '@evergrant/authorization-server/oidc-provider'
import type { ResourceIndicatorFunctions } from '@evergrant/authorization-server/oidc-provider'
import { errors, Provider } from 'oidc-provider'
import type { AdapterPayload } from 'oidc-provider'

const [port = '9400', mcpServer = 'http://127.0.0.1:3000/mcp'] = process.argv.slice(2)
const issuer = `http://127.0.0.1:${port}`
const policy = 'oidc'

/** Access tokens are JWTs for one MCP server. The binding asks these functions, too. */
const resourceIndicators: ResourceIndicatorFunctions = {
  defaultResource: () => mcpServer,
  useGrantedResource: () => true,
  getResourceServerInfo(_ctx, resource) {
    if (resource !== mcpServer) throw new errors.InvalidTarget()
    return {
      scope: 'mcp:read mcp:write',
      audience: mcpServer,
      accessTokenTTL: 300,
      accessTokenFormat: 'jwt',
      jwt: { sign: { alg: 'ES256' } },
    }
  },
}

// Your database in production: one for all instances.
const artifacts = createMemoryArtifactStore()
const refreshTokens = createMemoryRefreshTokenStore<AdapterPayload>()

const binding = bindRefreshTokens(
  { artifacts, refreshTokens },
  {
    successorKey: randomBytes(32), // In production, kept with your signing keys.
    policy,
    graceSeconds: 75, // well below the lifetime of an access token
    lifetimes: { idleSeconds: 14 * 86_400, absoluteSeconds: 90 * 86_400 },
    resourceIndicators,
    observe: (event) => process.stdout.write(`${event.type} (client ${event.clientId})\n`),
  },
)

// Clients whose ID is the URL of a document. Their hosts are unknown, so the fetch is guarded.
const documents = bindClientDocuments({ artifacts, fetch: createGuardedFetch() })

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const day = 86_400
const provider = new Provider(issuer, {
  ...binding.configuration,
  ...documents.configuration,
  ttl: {
    ...binding.ttl,
    AccessToken: 300,
    AuthorizationCode: 60,
    IdToken: 300,
    Interaction: 3600,
    Session: 14 * day,
  },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig' }] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
  responseTypes: ['code'],
  // Lists `offline_access` if requesting it has an effect.
  scopes: authorizationServerScopes(['openid'], policy),
  pkce: { required: () => true },
  features: {
    clientIdMetadataDocument: {
      enabled: true,
      ack: 'draft-02',
      ...documents.clientIdMetadataDocument,
    },
    devInteractions: { enabled: true }, // Replace them by your own pages.
    registration: { enabled: true },
    resourceIndicators: { enabled: true, ...resourceIndicators },
    revocation: { enabled: true },
  },
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  // One grant for each authorization, so that the end of one sign-in ends no other. The user is
  // asked each time, which OpenID Connect requires before a refresh token is issued.
  async loadExistingGrant({ oidc }) {
    const grantId = oidc.result?.consent?.grantId
    return grantId === undefined ? undefined : await oidc.provider.Grant.find(grantId)
  },
})
binding.attach(provider)
documents.attach(provider)

const answer = provider.callback()
createServer((request, response) => void answer(request, response)).listen(
  Number(port),
  '127.0.0.1',
  () => process.stdout.write(`Authorization server: ${issuer}\n`),
)
// #endregion program
