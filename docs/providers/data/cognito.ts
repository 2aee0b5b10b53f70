import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const refreshTokens = source(
  'Refresh tokens',
  'https://docs.amazonaws.cn/en_us/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.md',
  '2026-11-28',
)
const rotation = source(
  'RefreshTokenRotationType',
  'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html',
  '2026-11-28',
)
const clientOptions = source(
  'UserPoolClientOptions',
  'https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_cognito.UserPoolClientOptions.html?lang=python',
  '2026-11-28',
)
const clientSettings = source(
  'UpdateUserPoolClient',
  'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolClient.md',
  '2026-11-28',
)
const identityProviders = source(
  'MCP identity provider support',
  'https://zuplo.com/learn/mcp/compatibility/identity-providers',
  '2026-11-28',
)

export const cognito: Provider = {
  id: 'cognito',
  name: 'Amazon Cognito',
  exampleIssuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE',
  isOpenIdProvider: true,
  profile: 'cognito',
  profileReasons: {
    offlineAccess: 'offlineAccess',
    promptConsent: 'refreshTokenFor',
    requiresScope: { note: 'a code from a request without scope' },
  },
  emulated: 'cognito',
  switchOn: [
    documented(
      'Create an app client in the user pool, with the code grant, the redirect URI of the client and the scopes of the MCP server (`AllowedOAuthFlows`, `CallbackURLs`, `AllowedOAuthScopes`).',
      clientSettings,
    ),
    documented(
      'Set the expiration of refresh tokens of the app client (`RefreshTokenValidity`) to the time that a sign-in must last. It can be 60 minutes to 10 years.',
      refreshTokens,
    ),
    documented(
      'If you turn on refresh token rotation, set `RetryGracePeriodSeconds` to 60. With 0, a lost response ends the sign-in.',
      rotation,
    ),
  ],
  comesBack: [documented('With rotation, a refresh brings a new refresh token.', rotation)],
  lasts: [],
  ends: [],
  traps: [
    documented(
      'The documentation describes rotation for the operation `GetTokensFromRefreshToken`, not for the token endpoint that MCP clients use.',
      rotation,
    ),
    documented(
      'An update of an app client resets every attribute that the request leaves out.',
      clientSettings,
    ),
  ],
  answers: {
    accessTokenSeconds: {
      short: '1 hour',
      fact: documented(
        'An access token lives for 60 minutes by default. It can be 5 minutes to one day.',
        clientOptions,
      ),
    },
    resource: {
      short: 'not supported',
      fact: inferred('Resource indicators are not supported.', identityProviders),
    },
  },
}
