import { documented, source } from './provider.ts'
import type { Provider } from './provider.ts'

const clients = source(
  'OpenID Connect clients',
  'https://github.com/authelia/authelia/blob/00ebcb1051/docs/content/configuration/identity-providers/openid-connect/clients.md',
  '2026-11-28',
)

export const authelia: Provider = {
  id: 'authelia',
  name: 'Authelia',
  exampleIssuer: 'https://auth.example.com',
  isOpenIdProvider: true,
  emulated: 'authelia',
  switchOn: [
    documented(
      'Add the client under `identity_providers.oidc.clients`, with `public: true`, an empty `client_secret` and its `redirect_uris`.',
      clients,
    ),
    documented(
      'Add `offline_access` and the scopes of the MCP server to its `scopes`. The default list has none of them.',
      clients,
    ),
    documented(
      'Set its `grant_types` to `authorization_code` and `refresh_token`. The default is the code alone.',
      clients,
    ),
    documented(
      'Add the URL of the MCP server to its `audience`: only listed audiences can be requested.',
      clients,
    ),
    documented(
      'Give it a custom `lifespan` with a longer refresh token. The default of 90 minutes ends a sign-in over lunch.',
      clients,
    ),
  ],
  comesBack: [],
  lasts: [],
  ends: [],
  traps: [],
}
