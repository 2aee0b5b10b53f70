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
  },
  {
    ...standardProfile,
    id: 'ory-hydra',
    name: 'Ory Hydra',
    issuers: ['https://*.projects.oryapis.com'],
    promptConsent: 'not-needed',
  },
  {
    ...standardProfile,
    id: 'django-oauth-toolkit',
    name: 'django-oauth-toolkit',
    issuers: [],
    offlineAccess: 'never',
    promptConsent: 'not-needed',
  },
  {
    ...standardProfile,
    id: 'spring-authorization-server',
    name: 'Spring Authorization Server',
    issuers: [],
    offlineAccess: 'never',
    promptConsent: 'not-needed',
  },
]
