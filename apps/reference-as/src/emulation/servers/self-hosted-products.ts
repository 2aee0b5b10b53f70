import { about, documented, inferred } from './sourced.ts'
import type { EmulatedServer } from './emulated-server.ts'

const day = 86_400

const zitadel = 'https://help.zitadel.com/how-to-enable-and-receive-refresh-tokens'
const zitadelProduction =
  'zitadel/zitadel, the documentation of its production setup: RefreshTokenIdleExpiration 720h, RefreshTokenExpiration 2160h'
const zitadelServer = 'zitadel/zitadel, internal/api/oidc/server.go@067f837bd4'
const authelia = 'authelia/authelia@23572030b'
const authentik = 'goauthentik/authentik, authentik/providers/oauth2/views/token.py@005f3a9fdf'
const logto = 'logto-io/logto@1fbc55441f, packages/core/src/oidc/init.ts'

/** Products that operators run themselves, as their documentation and source describe them. */
export const selfHostedProducts: readonly EmulatedServer[] = [
  {
    name: 'zitadel',
    product: 'ZITADEL',
    behaviors: {
      refreshTokenFor: documented('grant-type-and-offline-access', zitadel),
      offlineAccess: inferred('listed', zitadelServer),
      rotation: documented('new-token', zitadel),
      idleSeconds: inferred(30 * day, zitadelProduction),
      absoluteSeconds: inferred(90 * day, zitadelProduction),
      registration: inferred('not-offered', zitadelServer),
    },
    notes: [
      about(
        'comes-back',
        inferred(
          'a scope selects the audience',
          'zitadel/zitadel, docs/docs/apis/openidoauth/scopes.md',
        ),
      ),
    ],
  },
  {
    name: 'authelia',
    product: 'Authelia',
    behaviors: {
      refreshTokenFor: documented(
        'grant-type-and-offline-access',
        'authelia/oauth2-provider@66b347a13d, handler/oauth2/flow_authorize_code_token.go',
      ),
      offlineAccess: documented('listed', `${authelia}, internal/oidc/discovery.go`),
      promptConsent: documented('not-needed', `${authelia}, internal/oidc/util.go`),
      rotation: documented('new-token', `${authelia}, internal/oidc/store.go`),
      graceSeconds: documented(0, `${authelia}, internal/oidc/store.go`),
      idleSeconds: documented(5400, `${authelia}, internal/configuration/schema`),
      resource: documented(
        'honored',
        `${authelia}, docs/content/integration/openid-connect/introduction.md`,
      ),
      registration: documented(
        'not-offered',
        `${authelia}, docs/content/integration/openid-connect/introduction.md`,
      ),
      iss: documented('sent', `${authelia}, internal/oidc/discovery.go`),
    },
    notes: [
      inferred(
        'offline_access is listed for all clients, and refused with invalid_scope for clients without permission',
        'https://github.com/anthropics/claude-code/issues/41610',
      ),
      about(
        'comes-back',
        documented('offline_access always requires consent', `${authelia}, internal/oidc/util.go`),
      ),
    ],
  },
  {
    name: 'authentik',
    product: 'authentik',
    behaviors: {
      refreshTokenFor: documented('offline-access', authentik),
      rotation: documented('new-token', authentik),
      reuse: inferred('refused', authentik),
      graceSeconds: inferred(0, authentik),
      registration: documented(
        'not-offered',
        'goauthentik/authentik, authentik/providers/oauth2/views/dcr.py@420c3e36bc',
      ),
    },
    notes: [
      documented('a refresh with a scope that lacks offline_access is refused', authentik),
      about(
        'switch-on',
        documented(
          'registration requires a separate access token',
          'goauthentik/authentik, authentik/providers/oauth2/views/dcr.py@420c3e36bc',
        ),
      ),
    ],
  },
  {
    name: 'logto',
    product: 'Logto',
    behaviors: {
      refreshTokenFor: documented('grant-type-and-offline-access', logto),
      offlineAccess: inferred('listed', logto),
      promptConsent: inferred('needed', 'logto-io/logto@1fbc55441f, packages/core/package.json'),
      rotation: documented(
        'new-token',
        'logto-io/logto@1fbc55441f, packages/core/src/oidc/defaults.ts',
      ),
      reuse: inferred('family-revoked', logto),
      graceSeconds: inferred(0, logto),
      idleSeconds: documented(
        14 * day,
        'logto-io/logto@1fbc55441f, packages/schemas/src/consts/oidc.ts',
      ),
      resource: documented('honored', logto),
      clientIdMetadataDocuments: documented(
        'supported',
        'https://docs.logto.io/integrate-logto/third-party-applications/dynamic-apps',
      ),
    },
    notes: [documented('the token request must repeat resource', logto)],
  },
]
