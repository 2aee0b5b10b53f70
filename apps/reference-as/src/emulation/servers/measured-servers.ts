import { inferred, measuredAt } from './sourced.ts'
import type { EmulatedServer } from './emulated-server.ts'

const oidcProvider = measuredAt('oidc-provider 9.13.3, default configuration, November 2026')
const betterAuth = measuredAt('@better-auth/oauth-provider 1.7.5, November 2026')
const workers = measuredAt('@cloudflare/workers-oauth-provider 1.2.3, November 2026')
const glewlwyd = measuredAt('glewlwyd 2.7.5, one-use refresh tokens, November 2026')
const lemonldap = measuredAt('LemonLDAP::NG 2.16.1, November 2026')
const django = measuredAt('django-oauth-toolkit 3.4.1, SQLite, November 2026', '2026-11-27')
const oldDjango = measuredAt('django-oauth-toolkit 1.7.0, November 2026')

/** Servers whose behavior was measured. */
export const measuredServers: readonly EmulatedServer[] = [
  {
    name: 'oidc-provider',
    product: 'oidc-provider, default configuration',
    behaviors: {
      refreshTokenFor: oidcProvider('grant-type-and-offline-access'),
      offlineAccess: oidcProvider('listed'),
      promptConsent: oidcProvider('needed'),
      rotation: oidcProvider('new-token'),
      reuse: oidcProvider('family-revoked'),
      graceSeconds: oidcProvider(0),
      resource: oidcProvider('honored'),
      registration: oidcProvider('offered'),
      iss: oidcProvider('sent'),
      codeChallengeMethods: oidcProvider('present'),
      metadataAt: oidcProvider('both'),
      deadRefreshToken: oidcProvider('invalid_grant'),
    },
    notes: [
      oidcProvider(
        'rotation is not atomic: with an asynchronous store, four concurrent refreshes left four live refresh tokens',
      ),
    ],
  },
  {
    name: 'better-auth',
    product: 'better-auth, OAuth provider plugin',
    behaviors: {
      refreshTokenFor: betterAuth('offline-access'),
      offlineAccess: betterAuth('listed'),
      promptConsent: betterAuth('not-needed'),
      rotation: betterAuth('new-token'),
      reuse: betterAuth('family-revoked'),
      graceSeconds: betterAuth(0),
      resource: betterAuth('honored'),
      registration: betterAuth('offered'),
      clientIdMetadataDocuments: inferred(
        'not-supported',
        '@better-auth/oauth-provider 1.7.5: there is a plugin, as a release candidate, which was not run',
      ),
      iss: betterAuth('sent'),
      codeChallengeMethods: betterAuth('present'),
      deadRefreshToken: betterAuth('invalid_grant'),
    },
    notes: [betterAuth('every registered client gets the grant type refresh_token, listed or not')],
  },
  {
    name: 'workers-oauth-provider',
    product: 'Cloudflare workers-oauth-provider',
    behaviors: {
      refreshTokenFor: workers('always'),
      rotation: workers('new-token'),
      reuse: workers('accepted-until-successor-is-used'),
      resource: workers('honored'),
      registration: workers('offered'),
      clientIdMetadataDocuments: workers('supported'),
      iss: workers('sent'),
      codeChallengeMethods: workers('present'),
      deadRefreshToken: workers('invalid_grant'),
    },
    notes: [
      workers(
        'each refresh issues a separate refresh token; of those issued for one token, only one is usable',
      ),
      workers('a sign-in ends earlier sign-ins of the same user with the same client'),
      workers('openid-configuration does not exist'),
    ],
  },
  {
    name: 'glewlwyd',
    product: 'Glewlwyd',
    behaviors: {
      refreshTokenFor: glewlwyd('always'),
      offlineAccess: glewlwyd('listed'),
      promptConsent: glewlwyd('not-needed'),
      rotation: glewlwyd('new-token'),
      reuse: glewlwyd('family-revoked'),
      graceSeconds: glewlwyd(0),
      resource: glewlwyd('honored'),
      registration: glewlwyd('offered'),
      clientIdMetadataDocuments: glewlwyd('not-supported'),
      codeChallengeMethods: glewlwyd('present'),
      metadataAt: glewlwyd('openid-configuration'),
      deadRefreshToken: glewlwyd('empty-400'),
    },
    notes: [
      glewlwyd('a refresh is refused for clients that do not list the refresh_token grant'),
      glewlwyd('refresh_token is in response_types_supported, not in grant_types_supported'),
    ],
  },
  {
    name: 'lemonldap',
    product: 'LemonLDAP::NG, client with refresh tokens enabled',
    behaviors: {
      refreshTokenFor: lemonldap('always'),
      offlineAccess: lemonldap('unlisted'),
      rotation: lemonldap('no-token'),
      resource: lemonldap('ignored'),
      registration: lemonldap('offered'),
      clientIdMetadataDocuments: lemonldap('not-supported'),
      iss: lemonldap('not-sent'),
      codeChallengeMethods: lemonldap('present'),
      metadataAt: lemonldap('openid-configuration-and-a-page'),
    },
    notes: [
      lemonldap('the audience of an access token is the client; resource has no effect on it'),
      lemonldap('registration gives every client a secret and ignores grant_types'),
    ],
  },
  {
    name: 'django-oauth-toolkit',
    product: 'Django OAuth Toolkit',
    behaviors: {
      refreshTokenFor: oldDjango('always'),
      offlineAccess: django('refused'),
      scopesSupported: django('present'),
      rotation: oldDjango('new-token'),
      reuse: oldDjango('refused'),
      graceSeconds: oldDjango(0),
      resource: django('honored'),
      registration: django('not-offered'),
      clientIdMetadataDocuments: django('not-supported'),
      iss: oldDjango('not-sent'),
      metadataAt: django('both'),
      deadRefreshToken: oldDjango('invalid_grant'),
    },
    notes: [
      oldDjango('with REFRESH_TOKEN_GRACE_PERIOD_SECONDS the same refresh token is given again'),
      oldDjango('access tokens are opaque'),
      django('registration and metadata documents can be enabled'),
      django('a refresh for a resource that was not granted is refused with invalid_target'),
      django(
        'of eight simultaneous refreshes on SQLite, one was answered with 200, six with 500, one with invalid_grant',
      ),
    ],
  },
]
