import { documented, inferred, measured, source } from './provider.ts'
import type { Provider } from './provider.ts'

const mcp = source(
  'Integrating with Model Context Protocol',
  'https://github.com/keycloak/keycloak/blob/1054d1267d/docs/guides/securing-apps/mcp-authz-server.adoc',
  '2026-11-28',
)
const offline = source(
  'Offline access',
  'https://github.com/keycloak/keycloak/blob/02c8ca0a58/docs/documentation/server_admin/topics/sessions/offline.adoc',
  '2026-11-28',
)
const timeouts = source(
  'Session and token timeouts',
  'https://github.com/keycloak/keycloak/blob/68a58dbffb/docs/documentation/server_admin/topics/sessions/timeouts.adoc',
  '2026-11-22',
)
const measurement = source('Keycloak 26.7.3', 'https://www.keycloak.org/', '2026-11-27')
const audience = source(
  'Phase Two: MCP server authentication',
  'https://phasetwo.io/tutorials/emerging/mcp-server-auth/',
  '2026-11-22',
)

export const keycloak: Provider = {
  id: 'keycloak',
  name: 'Keycloak',
  exampleIssuer: 'https://keycloak.example.com/realms/example',
  isOpenIdProvider: true,
  profile: 'keycloak',
  profileReasons: { promptConsent: 'promptConsent' },
  emulated: 'keycloak',
  switchOn: [
    documented(
      'Under **Client scopes**, add a scope of the type **Optional** for each scope of the MCP server, with a mapper **Audience** whose **Included Custom Audience** is the URL of the MCP server.',
      mcp,
    ),
    documented(
      'Give the users the realm role `offline_access`, and the client the client scope `offline_access` as an optional one. Both are in place by default.',
      offline,
    ),
    documented(
      'For clients that register themselves, open the anonymous access policies of **Client registration**: add the hosts of the clients to **Trusted Hosts**, and the scopes to **Allowed Client Scopes**.',
      mcp,
    ),
    documented(
      'For clients with a metadata document, start Keycloak with `--features=cimd`, and create a client policy whose executor lists the trusted domains. An empty list trusts none.',
      mcp,
    ),
    documented(
      'Set **Offline Session Idle** of the realm to the longest pause that a sign-in must survive.',
      offline,
    ),
  ],
  comesBack: [],
  lasts: [
    documented(
      'With **Offline Session Max Limited**, an offline token ends after 60 days even if it is used.',
      offline,
    ),
    documented(
      '**Client Offline Session Idle** and **Client Offline Session Max** shorten both for one client.',
      offline,
    ),
    documented('Keycloak adds two minutes to each idle time.', timeouts),
  ],
  ends: [
    documented(
      'Users revoke offline tokens in the Account Console, administrators under **Consents** of a user or with a revocation policy.',
      offline,
    ),
  ],
  traps: [
    inferred('Without an audience mapper, no access token is for the MCP server.', audience),
    measured(
      'With the feature `resource-indicators`, a refresh forgets the resource: the audience becomes the client ID. Try it with `--emulate keycloak-resource-indicators`.',
      measurement,
    ),
  ],
  conditions: {
    refreshTokenFor: {
      short: 'the grant type',
      fact: measured(
        'A client that is registered with the grant `refresh_token` gets a refresh token with or without `offline_access`. Without it, the refresh token ends with the session in the browser.',
        measurement,
      ),
    },
    clientIdMetadataDocuments: {
      short: 'experimental',
      fact: documented(
        'Client ID Metadata Documents need the experimental feature `cimd`, which is off by default.',
        mcp,
      ),
    },
  },
  withOfflineAccess: {
    idleSeconds: {
      short: '30 days',
      fact: documented('With `offline_access`, a sign-in ends after 30 days without use.', offline),
    },
    absoluteSeconds: {
      short: 'never',
      fact: documented(
        'With `offline_access`, the limits of the session do not apply, and a sign-in has no other end.',
        offline,
      ),
    },
  },
}
