import { about, documented, inferred } from './sourced.ts'
import type { EmulatedServer } from './emulated-server.ts'

const day = 86_400

const auth0Get =
  'auth0/docs-v2, main/docs/secure/tokens/refresh-tokens/get-refresh-tokens.mdx@1a4096e899'
const auth0Expiry =
  'auth0/docs-v2, main/docs/secure/tokens/refresh-tokens/configure-refresh-token-expiration.mdx@0bc697041b'
const auth0Rotation = 'https://auth0.com/docs/tokens/guides/configure-refresh-token-rotation'
const auth0Schema =
  'https://raw.githubusercontent.com/api-evangelist/auth0/refs/heads/main/json-schema/auth0-clientrefreshtokenconfiguration-schema.json'
const okta = 'https://developer.okta.com/docs/guides/refresh-tokens/main/'
const entra = 'MicrosoftDocs/entra-docs, docs/identity-platform/refresh-tokens.md@1c46dd7464'
const entraBareScopes = 'https://github.com/anthropics/claude-ai-mcp/issues/514'
const googleTokens = 'https://usefulangle.com/post/51/google-refresh-token-common-questions'
const cognitoToken = 'https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html'
const cognitoRotation =
  'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html'
const cognitoValidity = 'the text of AWS on RefreshTokenValidity, as Pulumi repeats it (aws-native)'
const identityProviders = 'https://zuplo.com/learn/mcp/compatibility/identity-providers'
const readAgainOn = '2026-11-28'
const github =
  'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens'
const workos = 'https://workos.com/docs/reference/workos-connect/token'
const workosMetadata = 'https://workos.com/changelog/client-id-metadata-support-for-mcp-auth'
const stytch = 'https://stytch.com/docs/api/connected-app-token-refresh-token'

/** Products that are offered as a service. */
export const hostedProducts: readonly EmulatedServer[] = [
  {
    name: 'auth0',
    product: 'Auth0, refresh token rotation on',
    behaviors: {
      refreshTokenFor: documented('offline-access', auth0Get),
      offlineAccess: inferred('listed', 'https://qiita.com/smesh/items/db9b90bc6735cf9381af'),
      promptConsent: inferred('not-needed', auth0Get),
      rotation: documented('new-token', auth0Expiry),
      reuse: documented('family-revoked', auth0Rotation),
      graceSeconds: inferred(0, auth0Schema),
      idleSeconds: documented(30 * day, auth0Expiry),
      registration: inferred('offered', 'https://qiita.com/smesh/items/db9b90bc6735cf9381af'),
    },
    notes: [
      about(
        'comes-back',
        documented(
          'for clients other than single-page applications, rotation is off unless enabled',
          auth0Expiry,
        ),
      ),
      documented('no refresh token is issued unless the API allows offline access', auth0Get),
      about(
        'switch-on',
        inferred(
          'metadata documents are honored after an administrator has registered a client from them',
          'https://www.pulumi.com/registry/packages/auth0/api-docs/clientcimd/',
        ),
      ),
      about(
        'comes-back',
        documented(
          'resource is honored with the Resource Parameter Compatibility Profile; otherwise audience names the API',
          'https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile',
        ),
      ),
    ],
  },
  {
    name: 'okta',
    product: 'Okta, custom authorization server, native application',
    behaviors: {
      refreshTokenFor: documented('grant-type-and-offline-access', okta),
      promptConsent: inferred('not-needed', okta),
      rotation: documented('same-token', okta),
      idleSeconds: documented(
        7 * day,
        'https://support.okta.com/help/s/article/refresh-token-expiration-behavior?language=en_US',
      ),
    },
    notes: [
      documented('offline_access must be in the authorization request', okta),
      about(
        'ends',
        documented(
          'single-page applications rotate, with a grace of 30 s; later reuse ends the sign-in',
          okta,
        ),
      ),
    ],
  },
  {
    name: 'entra',
    product: 'Microsoft Entra ID',
    behaviors: {
      refreshTokenFor: inferred(
        'offline-access',
        'https://github.com/Softeria/ms-365-mcp-server/pull/407',
      ),
      offlineAccess: inferred('listed', 'https://github.com/Drenso/symfony-oidc/issues/93'),
      rotation: documented('new-token', entra),
      reuse: documented('accepted', entra),
      idleSeconds: documented(90 * day, entra),
      // A note says when it is accepted. Scopes of MCP servers are bare names.
      resource: inferred('refused', entraBareScopes),
      requestWithoutScope: documented(
        'refused',
        'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
      ),
      registration: inferred(
        'not-offered',
        'https://github.com/modelcontextprotocol/csharp-sdk/issues/681',
      ),
      codeChallengeMethods: inferred(
        'absent',
        'https://github.com/modelcontextprotocol/typescript-sdk/issues/832',
      ),
      metadataAt: inferred('openid-configuration', identityProviders, readAgainOn),
    },
    notes: [
      about(
        'comes-back',
        inferred(
          'offline_access is never in the scope of a token response',
          'https://learn.microsoft.com/en-us/answers/questions/806413/',
        ),
      ),
      about(
        'lasts',
        documented('refresh tokens of single-page applications live for 24 hours', entra),
      ),
      inferred(
        'resource is refused with AADSTS9010010 at every step unless the scopes begin with it',
        'https://github.com/anthropics/claude-code/issues/73460',
      ),
      inferred(
        'with scopes that do not begin with a resource, every resource is refused, and a request without one is accepted',
        entraBareScopes,
      ),
    ],
  },
  {
    name: 'google',
    product: 'Google',
    behaviors: {
      refreshTokenFor: inferred('access-type-offline', googleTokens),
      offlineAccess: inferred('refused', 'https://github.com/home-assistant/core/issues/180546'),
      requestWithoutScope: inferred(
        'refused',
        'https://github.com/google-gemini/gemini-cli/issues/10937',
      ),
      rotation: inferred('no-token', googleTokens),
      idleSeconds: inferred(182 * day, 'https://www.unipile.com/google-oauth-refresh-token/'),
      registration: inferred(
        'not-offered',
        'https://github.com/google-gemini/gemini-cli/issues/10937',
      ),
    },
    notes: [
      inferred(
        'refresh tokens live for 7 days while the consent screen is in testing',
        'https://www.unipile.com/google-oauth-refresh-token/',
      ),
      about(
        'ends',
        inferred(
          'above a limit, the oldest refresh token of a user and client is revoked',
          googleTokens,
        ),
      ),
    ],
  },
  {
    name: 'cognito',
    product: 'Amazon Cognito',
    behaviors: {
      refreshTokenFor: documented('always', cognitoToken),
      offlineAccess: inferred(
        'refused',
        'https://github.com/aws-samples/anthropic-on-aws/issues/310',
      ),
      rotation: documented('no-token', cognitoRotation),
      absoluteSeconds: inferred(30 * day, cognitoValidity),
      registration: inferred('not-offered', identityProviders, readAgainOn),
      metadataAt: inferred(
        'openid-configuration',
        'https://zuplo.com/learn/mcp/errors/dynamic-client-registration-not-supported',
        readAgainOn,
      ),
    },
    notes: [
      about(
        'ends',
        documented('rotation can be enabled, with a grace of at most 60 s', cognitoRotation),
      ),
      inferred(
        'a code from a request without scope cannot be exchanged',
        'https://github.com/anthropics/claude-code/issues/90190',
      ),
      inferred(
        'the metadata may lack code_challenge_methods_supported',
        'https://github.com/vercel/ai/issues/18674',
      ),
    ],
  },
  {
    name: 'github',
    product: 'GitHub, a GitHub App whose user tokens expire',
    behaviors: {
      refreshTokenFor: documented('always', github),
      rotation: documented('new-token', github),
      reuse: inferred('refused', github),
      graceSeconds: inferred(0, github),
      idleSeconds: documented(182 * day, github),
      accessTokenSeconds: documented(8 * 3600, github),
      registration: inferred('not-offered', 'https://github.com/anomalyco/opencode/issues/5716'),
      clientIdMetadataDocuments: inferred(
        'not-supported',
        'https://github.com/github/github-mcp-server/issues/2977',
      ),
      deadRefreshToken: inferred(
        'bad_refresh_token',
        'https://www.nango.dev/blog/github-app-oauth-refresh-token-bad-refresh-token',
      ),
    },
    notes: [
      about('ends', documented('a refresh also revokes the previous access token', github)),
      documented('a refresh requires the client secret', github),
      documented('the scope offline_access does not exist', github),
    ],
  },
  {
    name: 'workos',
    product: 'WorkOS AuthKit',
    behaviors: {
      refreshTokenFor: documented('offline-access', workos),
      promptConsent: inferred('not-needed', workos),
      registration: documented('offered', workosMetadata),
      clientIdMetadataDocuments: documented('supported', workosMetadata),
    },
    notes: [],
  },
  {
    name: 'stytch',
    product: 'Stytch Connected Apps',
    behaviors: {
      refreshTokenFor: documented('offline-access', stytch),
      rotation: documented('new-token', stytch),
      absoluteSeconds: documented(91 * day, stytch),
      registration: inferred(
        'offered',
        'https://glama.ai/mcp/connectors?query=namespace%3Adev.stytch.mcp',
      ),
    },
    notes: [
      about(
        'lasts',
        documented(
          'confidential clients keep their refresh token, and its lifetime is extended',
          stytch,
        ),
      ),
      about(
        'comes-back',
        documented(
          'the audience of an access token is the client, or a value configured for the client',
          'https://stytch.com/docs/api-reference/b2b/api/connected-apps/tokens/connected-app-access-token-object',
        ),
      ),
    ],
  },
]
