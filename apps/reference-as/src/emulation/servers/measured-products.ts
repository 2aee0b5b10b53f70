import { about, documented, inferred, measuredAt } from './sourced.ts'
import type { EmulatedServer } from './emulated-server.ts'

const day = 86_400

const keycloak = measuredAt('Keycloak 26.7.3, November 2026', '2026-11-27')
const keycloakIndicators = measuredAt(
  'Keycloak 26.7.3 with resource-indicators, November 2026',
  '2026-11-27',
)
const hydra = measuredAt('Ory Hydra 2.3.0, registration enabled, November 2026', '2026-11-27')
const spring = measuredAt(
  'Spring Authorization Server of Spring Boot 4.1.2, November 2026',
  '2026-11-27',
)
const pythonSdk = measuredAt('mcp 1.23.0 to 2.3.0, November 2026', '2026-11-27')
const fastmcp = measuredAt('fastmcp 4.2.3, November 2026', '2026-11-27')

const keycloakMcp = 'keycloak/keycloak, docs/guides/securing-apps/mcp-authz-server.adoc@1054d1267d'
const keycloakOffline =
  'keycloak/keycloak, docs/documentation/server_admin/topics/sessions/offline.adoc@02c8ca0a58'
const springSource =
  'spring-projects/spring-authorization-server@041b94d682, OAuth2AuthorizationCodeAuthenticationProvider.java'
const hydraSource = 'ory/hydra@83127c575'
const pythonRoutes = 'modelcontextprotocol/python-sdk, src/mcp/server/auth/routes.py@0e96aecd1d'

const keycloakBehaviors = {
  refreshTokenFor: keycloak('grant-type'),
  offlineAccess: keycloak('listed'),
  promptConsent: keycloak('not-needed'),
  rotation: keycloak('new-token'),
  reuse: keycloak('accepted'),
  idleSeconds: inferred(1800, keycloakOffline),
  absoluteSeconds: inferred(36_000, keycloakOffline),
  clientIdMetadataDocuments: keycloak('not-supported'),
  iss: keycloak('sent'),
  metadataAt: keycloak('both'),
} as const

/** Products that were measured with the command line of this project. */
export const measuredProducts: readonly EmulatedServer[] = [
  {
    name: 'keycloak',
    product: 'Keycloak',
    behaviors: {
      ...keycloakBehaviors,
      resource: keycloak('ignored'),
      registration: keycloak('listed-and-refused'),
    },
    notes: [
      about(
        'lasts',
        documented(
          'offline_access makes the refresh token an offline token, which outlives the session',
          keycloakOffline,
        ),
      ),
      about(
        'ends',
        keycloak(
          'with Revoke Refresh Token, each refresh token can be used once, and a second use revokes its successor too',
        ),
      ),
      about(
        'switch-on',
        documented(
          'resource indicators and metadata documents are experimental features',
          keycloakMcp,
        ),
      ),
      keycloak('registration answers 403 until trusted hosts are configured'),
      keycloak('a registration for all of scopes_supported is refused with 403'),
      about(
        'comes-back',
        keycloak(
          'public clients work, although token_endpoint_auth_methods_supported does not list "none"',
        ),
      ),
      about(
        'comes-back',
        keycloak(
          'openid-configuration has no metadata if it is inserted between host and path; it must follow the path',
        ),
      ),
      inferred(
        'offline_access is refused with invalid_scope when the user lacks the role or the client lacks the scope',
        'https://github.com/evoila/meho/issues/912',
      ),
    ],
  },
  {
    name: 'keycloak-resource-indicators',
    product: 'Keycloak with the feature resource-indicators, and trusted hosts',
    behaviors: {
      ...keycloakBehaviors,
      resource: keycloakIndicators('honored'),
      resourceOnRefresh: keycloakIndicators('forgotten'),
      registration: documented('offered', keycloakMcp),
    },
    notes: [documented('resource indicators are an experimental feature', keycloakMcp)],
  },
  {
    name: 'hydra',
    product: 'Ory Hydra with dynamic registration',
    behaviors: {
      refreshTokenFor: hydra('grant-type-and-offline-access'),
      offlineAccess: hydra('listed'),
      promptConsent: hydra('not-needed'),
      rotation: hydra('new-token'),
      reuse: hydra('family-revoked'),
      graceSeconds: documented(0, `${hydraSource}, spec/config.json`),
      idleSeconds: documented(30 * day, `${hydraSource}, driver/config/provider_fosite.go`),
      resource: hydra('ignored'),
      registration: hydra('offered'),
      registeredScope: hydra('default-only'),
      clientIdMetadataDocuments: inferred('not-supported', hydraSource),
      metadataAt: hydra('openid-configuration'),
    },
    notes: [
      about(
        'comes-back',
        documented(
          'the scope offline is an alias of offline_access',
          `${hydraSource}, fosite/config_default.go`,
        ),
      ),
      about(
        'comes-back',
        documented(
          'newer versions also answer at oauth-authorization-server',
          `${hydraSource}, oauth2/handler.go`,
        ),
      ),
      about(
        'switch-on',
        documented('registration must be enabled', `${hydraSource}, spec/config.json`),
      ),
      about('switch-on', hydra('registration needs a second setting to appear in the metadata')),
      about('comes-back', hydra('aud is empty unless the client has audiences')),
      about('comes-back', hydra('iss is not advertised')),
      hydra('prompt=consent overrides a consent that the user asked to remember'),
      hydra(
        '4 to 8 refreshes at the same time with one token all succeed, and none of the new tokens works',
      ),
    ],
  },
  {
    name: 'spring',
    product: 'Spring Authorization Server',
    behaviors: {
      refreshTokenFor: documented('grant-type', springSource),
      publicClients: spring('get-none'),
      offlineAccess: spring('refused'),
      rotation: spring('new-token'),
      reuse: spring('refused'),
      audience: spring('client'),
      tokenType: spring('absent'),
    },
    notes: [spring('rotation is a setting of the client: reuseRefreshTokens(false)')],
  },
  {
    name: 'mcp-python-sdk',
    product: 'Servers on the MCP Python SDK, with registration and revocation enabled',
    behaviors: {
      registration: documented('offered', pythonRoutes),
      clientIdInForm: pythonSdk('required'),
      revocationSecret: pythonSdk('form-only'),
      metadataAt: documented('oauth-authorization-server', pythonRoutes),
    },
    notes: [
      documented('every page can read the token and registration endpoints (CORS)', pythonRoutes),
      documented(
        'revocation requires client_secret in the form, also of clients that authenticate with Basic or not at all',
        'modelcontextprotocol/python-sdk, src/mcp/server/auth/handlers/revoke.py@0803a381df',
      ),
    ],
  },
  {
    name: 'fastmcp',
    product: 'Servers on fastmcp (Python), with registration and revocation enabled',
    behaviors: {
      registration: inferred(
        'offered',
        'fastmcp 4.2.3: it mounts the routes of the MCP Python SDK',
      ),
      clientIdInForm: fastmcp('required'),
      revocationSecret: fastmcp('form-only'),
    },
    notes: [],
  },
]
