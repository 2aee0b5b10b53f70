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
    facts: [
      {
        fact: 'offline_access is answered with invalid_scope; access_type=offline requests a refresh token',
        status: 'partial',
        source: 'https://github.com/home-assistant/core/issues/180546',
      },
      {
        fact: 'A refresh token is issued only with the first consent, unless prompt=consent is sent',
        status: 'partial',
        source: 'https://usefulangle.com/post/51/google-refresh-token-common-questions',
      },
      {
        fact: 'An authorization request without scope is rejected',
        status: 'partial',
        source: 'https://github.com/google-gemini/gemini-cli/issues/10937',
      },
    ],
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
    facts: [
      {
        fact: 'scope is a required parameter of the authorization request',
        status: 'known',
        source:
          'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
      },
      {
        fact: 'resource is rejected (AADSTS9010010) on authorization, token and refresh requests unless it matches the resource of the scopes; the scopes name the resource',
        status: 'partial',
        source: 'https://github.com/anthropics/claude-code/issues/73460',
      },
      {
        fact: 'offline_access is required, and never listed in the scope of a token response',
        status: 'partial',
        source: 'https://learn.microsoft.com/en-us/answers/questions/806413/',
      },
      {
        fact: 'The metadata has no code_challenge_methods_supported, and the product supports S256',
        status: 'known',
        source:
          'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#request-an-authorization-code',
      },
      {
        fact: 'prompt=consent opens the consent page although an administrator has consented, and blocks every user of a tenant where only administrators may consent (AADSTS90094, AADSTS90095)',
        status: 'partial',
        source: 'https://github.com/anthropics/claude-code/issues/94804',
      },
      {
        fact: 'offline_access without prompt brings a refresh token: removing only prompt=consent from the request is enough',
        status: 'partial',
        source: 'https://github.com/anomalyco/opencode/issues/46361',
      },
      {
        fact: 'A refresh request without scope is for another resource or is rejected (AADSTS90009); with the scope it succeeds',
        status: 'partial',
        source: 'https://learn.microsoft.com/en-us/answers/questions/192699/',
      },
    ],
  },
  {
    ...standardProfile,
    id: 'auth0',
    name: 'Auth0',
    issuers: ['https://*.auth0.com/'],
    promptConsent: 'not-needed',
    resourceAlias: 'audience',
    facts: [
      {
        fact: 'resource is supported only with the Resource Parameter Compatibility Profile; otherwise audience names the API, and without either the access token is opaque',
        status: 'known',
        source: 'https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile',
      },
      {
        fact: 'offline_access is required, and the API must allow offline access; the documented request has no prompt',
        status: 'partial',
        source: 'https://auth0.com/docs/secure/tokens/refresh-tokens/get-refresh-tokens',
      },
    ],
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
    facts: [
      {
        fact: 'offline_access is required on the authorization request; the documented request has no prompt',
        status: 'partial',
        source: 'https://developer.okta.com/docs/guides/refresh-tokens/main/',
      },
    ],
  },
  {
    ...standardProfile,
    id: 'cognito',
    name: 'Amazon Cognito',
    issuers: ['https://cognito-idp.*.amazonaws.com/*'],
    offlineAccess: 'never',
    promptConsent: 'not-needed',
    requiresScope: true,
    facts: [
      {
        fact: 'The authorization code grant always returns a refresh token',
        status: 'known',
        source: 'https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html',
      },
      {
        fact: 'offline_access is answered with invalid_scope',
        status: 'partial',
        source: 'https://github.com/aws-samples/anthropic-on-aws/issues/310',
      },
      {
        fact: 'A code that was requested without scope cannot be exchanged',
        status: 'partial',
        source: 'https://github.com/anthropics/claude-code/issues/90190',
      },
    ],
  },
  {
    ...standardProfile,
    id: 'logto',
    name: 'Logto',
    issuers: ['https://*.logto.app/oidc'],
    facts: [
      {
        fact: 'Runs on a fork of oidc-provider, which drops offline_access without prompt=consent',
        status: 'partial',
        source: 'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/init.ts',
      },
      {
        fact: 'The token request must repeat resource',
        status: 'known',
        source: 'https://github.com/logto-io/logto/blob/master/packages/core/src/oidc/init.ts',
      },
    ],
  },
  {
    ...standardProfile,
    id: 'clerk',
    name: 'Clerk',
    issuers: ['https://*.clerk.accounts.dev'],
    promptConsent: 'not-needed',
    facts: [
      {
        fact: 'The consent screen is on by default, and always shown for dynamically registered clients',
        status: 'known',
        source:
          'https://clerk.com/docs/guides/configure/auth-strategies/oauth/how-clerk-implements-oauth',
      },
    ],
  },
  {
    ...standardProfile,
    id: 'github',
    name: 'GitHub',
    issuers: ['https://github.com/login/oauth'],
    offlineAccess: 'never',
    promptConsent: 'not-needed',
    grantEndedErrors: ['bad_refresh_token'],
    facts: [
      {
        fact: 'offline_access does not exist; a GitHub App whose user tokens expire gets refresh tokens, each valid for one use',
        status: 'known',
        source:
          'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens',
      },
      {
        fact: 'An invalid or expired refresh token is answered with bad_refresh_token',
        status: 'partial',
        source: 'https://www.nango.dev/blog/github-app-oauth-refresh-token-bad-refresh-token',
      },
    ],
  },
]
