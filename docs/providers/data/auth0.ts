import { documented, source } from './provider.ts'
import type { Provider } from './provider.ts'

const refreshTokens = source('Refresh tokens', 'https://auth0.com/docs/refresh-token', '2026-11-28')
const rotation = source(
  'Configure refresh token rotation',
  'https://auth0.com/docs/tokens/guides/configure-refresh-token-rotation',
  '2026-11-28',
)
const expiry = source(
  'Configure refresh token expiration',
  'https://github.com/auth0/docs-v2/blob/0bc697041b/main/docs/secure/tokens/refresh-tokens/configure-refresh-token-expiration.mdx',
  '2026-11-22',
)
const resource = source(
  'Resource Parameter Compatibility Profile',
  'https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile',
  '2026-11-28',
)
const registration = source(
  'Dynamic Client Registration',
  'https://auth0.com/ai/docs/mcp/guides/registering-your-mcp-client-application/dynamic-client-registration',
  '2026-11-28',
)

export const auth0: Provider = {
  id: 'auth0',
  name: 'Auth0',
  exampleIssuer: 'https://example.eu.auth0.com/',
  isOpenIdProvider: true,
  profile: 'auth0',
  profileReasons: {
    promptConsent: 'promptConsent',
    resourceAlias: { note: 'resource is honored with the Resource Parameter' },
  },
  emulated: 'auth0',
  switchOn: [
    documented(
      'In **Applications > APIs**, open the API of your MCP server, and turn on **Allow Offline Access** in its settings.',
      refreshTokens,
    ),
    documented(
      'In **Settings > Advanced** of the tenant, turn on the **Resource Parameter Compatibility Profile**, so that a token is for the `resource` that MCP clients send.',
      resource,
    ),
    documented(
      'In **Applications > Applications**, open the application. On its **Settings** tab, turn on **Allow Refresh Token Rotation**.',
      rotation,
    ),
    documented(
      'Enter a **Rotation Overlap Period** there. For that many seconds the previous token can be exchanged again, so that a lost response does not end the sign-in.',
      rotation,
    ),
    documented(
      'For clients that register themselves: enable dynamic client registration, which is off for every tenant, and authorize **User-Delegated Access** under **Default Permissions for Third-Party Applications** of the API.',
      registration,
    ),
  ],
  comesBack: [
    documented(
      'Without `audience` and `resource`, the access token is opaque, and no MCP server can verify it.',
      resource,
    ),
  ],
  lasts: [],
  ends: [
    documented(
      'The overlap forgives only the immediately previous token. An older one ends the sign-in also during the overlap.',
      rotation,
    ),
  ],
  traps: [
    documented('If a request has both `audience` and `resource`, `audience` wins.', resource),
    documented(
      'After you turn rotation on, the next exchange deletes all refresh tokens of the same client, API and user that do not rotate.',
      rotation,
    ),
  ],
  answers: {
    absoluteSeconds: {
      short: 'by setting',
      fact: documented(
        'A maximum lifetime can be set as well, of at most a year. Rotation requires one of the two limits.',
        expiry,
      ),
    },
    clientIdMetadataDocuments: {
      short: 'after registration',
      fact: { note: 'metadata documents are honored after an administrator' },
    },
    resource: {
      short: 'by setting',
      fact: { note: 'resource is honored with the Resource Parameter' },
    },
  },
}
