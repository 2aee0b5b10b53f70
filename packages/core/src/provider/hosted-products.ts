import type { ProviderProfile } from './provider-profile.ts'
import { standardProfile } from './provider-profile.ts'

/** Services that are recognized by their issuer. */
export const hostedProducts: readonly ProviderProfile[] = [
  {
    ...standardProfile,
    id: 'google',
    name: 'Google',
    issuers: ['https://accounts.google.com'],
    offlineAccess: 'never',
    promptConsent: 'with-refresh-token',
    refreshTokenParameters: { access_type: 'offline' },
    requiresScope: true,
  },
  {
    ...standardProfile,
    id: 'entra-id',
    name: 'Microsoft Entra ID',
    issuers: ['https://login.microsoftonline.com/*/v2.0'],
    promptConsent: 'not-needed',
    resourceParameter: 'omit',
    refreshScope: 'granted',
    pkceS256: 'known',
    requiresScope: true,
  },
  {
    ...standardProfile,
    id: 'auth0',
    name: 'Auth0',
    issuers: ['https://*.auth0.com/'],
    promptConsent: 'not-needed',
    resourceAlias: 'audience',
  },
  {
    ...standardProfile,
    id: 'okta',
    name: 'Okta',
    issuers: [
      'https://*.okta.com',
      'https://*.okta.com/oauth2/*',
      'https://*.oktapreview.com',
      'https://*.oktapreview.com/oauth2/*',
    ],
    promptConsent: 'not-needed',
  },
  {
    ...standardProfile,
    id: 'cognito',
    name: 'Amazon Cognito',
    issuers: ['https://cognito-idp.*.amazonaws.com/*'],
    offlineAccess: 'never',
    promptConsent: 'not-needed',
    requiresScope: true,
  },
  {
    ...standardProfile,
    id: 'logto',
    name: 'Logto',
    issuers: ['https://*.logto.app/oidc'],
  },
  {
    ...standardProfile,
    id: 'clerk',
    name: 'Clerk',
    issuers: ['https://*.clerk.accounts.dev'],
    promptConsent: 'not-needed',
  },
  {
    ...standardProfile,
    id: 'github',
    name: 'GitHub',
    issuers: ['https://github.com/login/oauth'],
    offlineAccess: 'never',
    promptConsent: 'not-needed',
    grantEndedErrors: ['bad_refresh_token'],
  },
]
