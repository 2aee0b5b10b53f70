import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const providerDocs = source(
  'OAuth 2.0 provider',
  'https://github.com/goauthentik/authentik/blob/00d93d879e/website/docs/add-secure-apps/providers/oauth2/index.mdx',
  '2026-11-28',
)
const metadata = source(
  'provider.py',
  'https://github.com/goauthentik/authentik/blob/01da8e1792/authentik/providers/oauth2/views/provider.py',
  '2026-11-22',
)
const tokens = source(
  'token.py',
  'https://github.com/goauthentik/authentik/blob/005f3a9fdf/authentik/providers/oauth2/views/token.py',
  '2026-11-22',
)

export const authentik: Provider = {
  id: 'authentik',
  name: 'authentik',
  exampleIssuer: 'https://authentik.example.com/application/o/notes/',
  isOpenIdProvider: true,
  emulated: 'authentik',
  switchOn: [
    documented(
      'In the settings of the provider, select the scope mapping `offline_access`, besides those of the MCP server.',
      providerDocs,
    ),
    documented(
      'Select a **Signing Key** there. Without one, access tokens are signed with the client secret, and no MCP server can verify them.',
      providerDocs,
    ),
    documented(
      'Enter the redirect URI of the client in **Redirect URI**, and give the client its ID.',
      providerDocs,
    ),
  ],
  comesBack: [
    documented(
      'A refresh brings a new refresh token when the remaining validity is below the threshold of the provider. A threshold of 0 means always.',
      tokens,
    ),
  ],
  lasts: [],
  ends: [],
  traps: [
    documented(
      'A request without `scope` counts as a request for all scopes that the provider is configured with.',
      providerDocs,
    ),
    documented(
      'Since version 2024.2, an application without the scope mapping gets an access token only, and its users sign in each time it expires.',
      providerDocs,
    ),
  ],
  answers: {
    offlineAccess: {
      short: 'listed if mapped',
      fact: inferred(
        'The metadata lists `offline_access` if its scope mapping is assigned to the provider.',
        metadata,
      ),
    },
  },
}
