import { about, documented, inferred } from './sourced.ts'
import type { EmulatedServer } from './emulated-server.ts'

const day = 86_400
const readOn = '2026-11-28'

const clerk =
  'clerk/clerk-docs, docs/guides/configure/auth-strategies/oauth/how-clerk-implements-oauth.mdx@013e7fe12c'
const cloudflareAccess =
  'cloudflare/cloudflare-docs, src/content/docs/cloudflare-one/access-controls/applications/http-apps/managed-oauth.mdx@03d4c2f748'
const descopeRefresh =
  'https://docs.descope.com/identity-federation/inbound-apps/grant-types/refresh-token'
const descopeSettings = 'https://docs.descope.com/agentic-identity-hub/mcp-servers/settings'
const fusionauthScopes =
  'FusionAuth/fusionauth-site, astro/src/content/docs/lifecycle/authenticate-users/oauth/scopes.mdx@10887f85dc'
const fusionauthClients =
  'FusionAuth/fusionauth-site, astro/src/content/docs/lifecycle/authenticate-users/oauth/client-registration.mdx@570e52be63'
const pingOfflineAccess =
  'https://developer.pingidentity.com/pingone-api/workflow-library/application-management/configure-an-application-to-use-the-offline-access-scope.html'
const scalekit = 'https://xmcp.dev/docs/integrations/scalekit'

/**
 * Services of which the documentation says how MCP clients register, and little about refresh tokens.
 * What it does not say is not emulated.
 */
export const mcpServices: readonly EmulatedServer[] = [
  {
    name: 'clerk',
    product: 'Clerk, dynamic client registration on',
    behaviors: {
      refreshTokenFor: inferred(
        'offline-access',
        'https://github.com/agentmail-to/agentmail-mcp/pull/51',
      ),
      accessTokenSeconds: documented(day, clerk, readOn),
      registration: documented('offered', clerk, readOn),
    },
    notes: [
      about('lasts', documented('refresh tokens do not expire', clerk, readOn)),
      about(
        'switch-on',
        documented('registration is off until an administrator enables it', clerk, readOn),
      ),
      about(
        'switch-on',
        documented('metadata documents are a beta, enabled by request', clerk, readOn),
      ),
      about(
        'comes-back',
        documented('registered clients always get the consent page', clerk, readOn),
      ),
    ],
  },
  {
    name: 'cloudflare-access',
    product: 'Cloudflare Access, Managed OAuth',
    behaviors: {
      accessTokenSeconds: documented(900, cloudflareAccess, readOn),
      resource: inferred('honored', cloudflareAccess, readOn),
      registration: documented('offered', cloudflareAccess, readOn),
    },
    notes: [
      about(
        'lasts',
        documented(
          'the refresh token ends with the grant session duration that is configured',
          cloudflareAccess,
          readOn,
        ),
      ),
      about('comes-back', documented('access tokens are opaque', cloudflareAccess, readOn)),
      about(
        'ends',
        documented('the access policies are evaluated at each refresh', cloudflareAccess, readOn),
      ),
    ],
  },
  {
    name: 'descope',
    product: 'Descope, MCP server or inbound app',
    behaviors: {
      refreshTokenFor: inferred('always', descopeRefresh, readOn),
      registration: documented('offered', descopeSettings, readOn),
    },
    notes: [
      about(
        'switch-on',
        documented('metadata documents are off by default', descopeSettings, readOn),
      ),
      about(
        'ends',
        documented(
          'a refresh fails when the consent was revoked or has expired',
          descopeRefresh,
          readOn,
        ),
      ),
      about(
        'comes-back',
        inferred('a refresh sometimes brings a new refresh token', descopeRefresh),
      ),
    ],
  },
  {
    name: 'fusionauth',
    product: 'FusionAuth',
    behaviors: {
      refreshTokenFor: documented('grant-type-and-offline-access', fusionauthScopes, readOn),
      registration: documented('not-offered', fusionauthClients, readOn),
    },
    notes: [
      about(
        'switch-on',
        documented(
          'metadata documents need version 1.70, an enterprise plan and a list of trusted origins',
          fusionauthClients,
          readOn,
        ),
      ),
      documented(
        'a client with a metadata document must name exactly one resource',
        fusionauthClients,
        readOn,
      ),
    ],
  },
  {
    name: 'pingone',
    product: 'PingOne',
    behaviors: { refreshTokenFor: inferred('offline-access', pingOfflineAccess) },
    notes: [
      documented(
        'offline_access must be granted to the application as a scope of a resource',
        pingOfflineAccess,
        readOn,
      ),
    ],
  },
  {
    name: 'scalekit',
    product: 'Scalekit, MCP Auth',
    behaviors: {
      registration: inferred('offered', scalekit, readOn),
      clientIdMetadataDocuments: inferred('supported', scalekit, readOn),
    },
    notes: [],
  },
]
