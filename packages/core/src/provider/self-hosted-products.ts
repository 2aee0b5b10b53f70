import type { ProviderProfile } from './provider-profile.ts'
import { standardProfile } from './provider-profile.ts'

/**
 * Products that users host. Most have no issuer to recognize them by: choose the profile by its ID.
 */
export const selfHostedProducts: readonly ProviderProfile[] = [
  {
    ...standardProfile,
    id: 'keycloak',
    name: 'Keycloak',
    issuers: ['https://*/realms/*'],
    promptConsent: 'not-needed',
    facts: [
      {
        fact: 'A client that is registered with the refresh_token grant gets a refresh token, with or without prompt; offline_access turns it into an offline token',
        status: 'known',
        source: 'https://www.keycloak.org/docs/latest/server_admin/#_offline-access',
        measured: '26.7.3 on 2026-11-27',
      },
      {
        fact: 'resource is accepted and ignored',
        status: 'known',
        source: 'https://www.keycloak.org/',
        measured: '26.7.3 on 2026-11-27',
      },
      {
        fact: 'Dynamic registration is listed and answers 403 until trusted hosts are configured, and also if the request names every scope of scopes_supported',
        status: 'known',
        source: 'https://www.keycloak.org/securing-apps/client-registration',
        measured: '26.7.3 on 2026-11-27',
      },
    ],
  },
  {
    ...standardProfile,
    id: 'ory-hydra',
    name: 'Ory Hydra',
    issuers: ['https://*.projects.oryapis.com'],
    promptConsent: 'not-needed',
    facts: [
      {
        fact: 'A refresh token requires the refresh_token grant and offline_access; prompt=consent is not needed, and shows the consent page even if the user chose to be remembered',
        status: 'known',
        source: 'https://www.ory.com/docs/oauth2-oidc/refresh-token-grant',
        measured: '2.3.0 on 2026-11-27',
      },
      {
        fact: 'resource is accepted and ignored: aud is empty unless the client has audiences',
        status: 'known',
        source: 'https://www.ory.com/docs/hydra',
        measured: '2.3.0 on 2026-11-27',
      },
      {
        fact: 'A dynamic registration without scope gets the default scope only; any other scope is answered with invalid_scope',
        status: 'known',
        source: 'https://www.ory.com/docs/hydra/guides/openid',
        measured: '2.3.0 on 2026-11-27',
      },
      {
        fact: 'Concurrent refreshes with one refresh token are all answered with status 200, and none of the new tokens works',
        status: 'known',
        source: 'https://www.ory.com/docs/hydra',
        measured: '2.3.0 on 2026-11-27',
      },
    ],
  },
  {
    ...standardProfile,
    id: 'django-oauth-toolkit',
    name: 'django-oauth-toolkit',
    issuers: [],
    offlineAccess: 'never',
    promptConsent: 'not-needed',
    facts: [
      {
        fact: 'The authorization code grant always brings a refresh token; offline_access is refused unless the application defines it',
        status: 'known',
        source: 'https://django-oauth-toolkit.readthedocs.io/en/latest/settings.html',
        measured: '3.4.1 on 2026-11-27',
      },
      {
        fact: 'Another resource on refresh is answered with invalid_target',
        status: 'known',
        source: 'https://django-oauth-toolkit.readthedocs.io/en/latest/',
        measured: '3.4.1 on 2026-11-27',
      },
    ],
  },
  {
    ...standardProfile,
    id: 'spring-authorization-server',
    name: 'Spring Authorization Server',
    issuers: [],
    offlineAccess: 'never',
    promptConsent: 'not-needed',
    facts: [
      {
        fact: 'offline_access is answered with invalid_scope',
        status: 'known',
        source: 'https://docs.spring.io/spring-authorization-server/reference/overview.html',
        measured: 'Spring Boot 4.1.2 on 2026-11-27',
      },
      {
        fact: 'Public clients get no refresh token',
        status: 'known',
        source:
          'https://docs.spring.io/spring-authorization-server/reference/guides/how-to-pkce.html',
        measured: 'Spring Boot 4.1.2 on 2026-11-27',
      },
      {
        fact: 'Access tokens have no typ, and the client ID as audience',
        status: 'known',
        source: 'https://docs.spring.io/spring-authorization-server/reference/overview.html',
        measured: 'Spring Boot 4.1.2 on 2026-11-27',
      },
    ],
  },
]
