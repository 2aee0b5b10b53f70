import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const readOn = '2026-11-28'
const entraDocs = 'https://github.com/MicrosoftDocs/entra-docs/blob'
const scopes = source(
  'Scopes and permissions in the Microsoft identity platform',
  `${entraDocs}/011322deb0/docs/identity-platform/scopes-oidc.md`,
  readOn,
)
const exposeApi = source(
  'Configure an application to expose a web API',
  `${entraDocs}/14a47c1f96/docs/identity-platform/quickstart-configure-app-expose-web-apis.md`,
  readOn,
)
const redirects = source(
  'How to add a redirect URI',
  `${entraDocs}/09040cc1f0/docs/identity-platform/how-to-add-redirect-uri.md`,
  readOn,
)
const refreshTokens = source(
  'Refresh tokens in the Microsoft identity platform',
  `${entraDocs}/1c46dd7464/docs/identity-platform/refresh-tokens.md`,
  readOn,
)
const sessions = source(
  'Conditional Access adaptive session lifetime policies',
  `${entraDocs}/0039785a54/docs/identity/conditional-access/concept-session-lifetime.md`,
  readOn,
)
const configureSessions = source(
  'Configure adaptive session lifetime policies',
  `${entraDocs}/08d7daf15d/docs/identity/conditional-access/howto-conditional-access-session-lifetime.md`,
  readOn,
)
const tokenVersions = source(
  'Access tokens in the Microsoft identity platform',
  `${entraDocs}/0bbfa8a3b9/docs/identity-platform/access-tokens.md`,
  readOn,
)
const acceptedVersions = source(
  'Accepted token versions',
  `${entraDocs}/4b5b9fa73c/docs/identity-platform/includes/scenarios/accepted-token-versions.md`,
  readOn,
)
const codeFlow = source(
  'OAuth 2.0 authorization code flow',
  'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#request-an-authorization-code',
  '2026-11-22',
)
const hourly = source(
  'canvas-mcp: clients sign in every hour',
  'https://github.com/vishalsachdev/canvas-mcp/issues/146',
  readOn,
)
const errorCodes = source(
  'Azure Data Studio: AADSTS70043 and AADSTS50173',
  'https://github.com/microsoft/azuredatastudio/pull/22853',
  readOn,
)
const signInFrequency = source(
  'MSAL for Android: a sign-in frequency of one hour',
  'https://github.com/AzureAD/microsoft-authentication-library-for-android/issues/1409',
  readOn,
)
const inactivity = source(
  'Azure CLI: several sign-ins a day',
  'https://github.com/Azure/azure-cli/issues/16641',
  readOn,
)
const promptConsent = source(
  'Claude Code: consent that only administrators may give',
  'https://github.com/anthropics/claude-code/issues/94804',
  '2026-11-27',
)
const withoutPrompt = source(
  'opencode: offline_access without prompt',
  'https://github.com/anomalyco/opencode/issues/46361',
  '2026-11-27',
)
const refreshScope = source(
  'Microsoft Q&A: a refresh without scope',
  'https://learn.microsoft.com/en-us/answers/questions/192699/',
  '2026-11-27',
)
const graphFallback = source(
  'Claude Code: resource at Entra ID',
  'https://github.com/anthropics/claude-code/issues/73460',
  '2026-11-22',
)
const missingUri = source(
  'CIPP: AADSTS9010010',
  'https://github.com/CyberDrain/CIPP/issues/351',
  '2026-11-22',
)

export const entraId: Provider = {
  id: 'entra-id',
  name: 'Microsoft Entra ID',
  exampleIssuer: 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0',
  isOpenIdProvider: true,
  exampleScope: 'api://notes/Notes.Read',
  profile: 'entra-id',
  profileReasons: {
    promptConsent: inferred(
      '`prompt=consent` opens the consent page although an administrator has consented, and blocks every user of a tenant where only administrators may consent (AADSTS90094, AADSTS90095).',
      promptConsent,
    ),
    resourceParameter: 'resource',
    refreshScope: inferred(
      'A refresh without `scope` is for another resource, or is refused with AADSTS90009.',
      refreshScope,
    ),
    pkceS256: documented(
      'S256 is supported, although the metadata lists no PKCE method.',
      codeFlow,
    ),
    requiresScope: 'requestWithoutScope',
  },
  emulated: 'entra',
  switchOn: [
    documented(
      'In the [Microsoft Entra admin center](https://entra.microsoft.com), register the MCP server under **App registrations**. Open **Expose an API**, set an **Application ID URI**, and add a scope.',
      exposeApi,
    ),
    documented(
      'Under **Manifest** of the server, set the accepted access token version to 2: `accessTokenAcceptedVersion`, which newer manifests call `requestedAccessTokenVersion`. Without it, the tokens are of version 1.0 and have another issuer than the metadata of the `v2.0` endpoint.',
      acceptedVersions,
    ),
    documented(
      'Let the MCP server name that scope in full in its challenge: the Application ID URI, a slash and the scope name, such as `api://notes/Notes.Read`.',
      exposeApi,
    ),
    documented(
      'Register the client as a second application. Under **Authentication > Add a platform**, choose **Mobile and desktop applications**, not **Single-page application**, and enter its redirect URI.',
      redirects,
    ),
    inferred(
      'Under **API permissions** of the client, add the scope and the delegated permission `offline_access`.',
      hourly,
    ),
    documented(
      'To spare the users the consent page, add the client under **Expose an API > Authorized client applications** of the server.',
      exposeApi,
    ),
    documented(
      'Look for a policy with **Sign-in frequency** under **Entra ID > Conditional Access > Policies**. It ends sign-ins after the hours or days that it names. Ask its owner to raise the value, or to exclude the MCP server.',
      configureSessions,
    ),
  ],
  comesBack: [
    documented(
      'A refresh token is not bound to a resource: the client can get access tokens with it for every resource that it has permissions for.',
      refreshTokens,
    ),
  ],
  lasts: [],
  ends: [
    documented(
      'A new password ends the sign-ins that were made with the old one. A reset by an administrator in the Entra admin center ends the others, too.',
      refreshTokens,
    ),
    documented(
      'Revoking the sessions of a user, or disabling the account, ends all sign-ins.',
      sessions,
    ),
    inferred(
      'AADSTS70043: a policy with a sign-in frequency ended the sign-in. The message names the longest lifetime in seconds: 3600 is the policy of users who sign in every hour.',
      signInFrequency,
    ),
    inferred(
      'AADSTS50173: the tokens were revoked, by the user, by an administrator or with a new password.',
      errorCodes,
    ),
    inferred('AADSTS700082: the refresh token was not used for too long.', inactivity),
  ],
  traps: [
    documented(
      'The application of the server decides the version of its access tokens, whichever endpoint the client uses. A token of version 1.0 has the issuer `https://sts.windows.net/<tenant>/`, which an MCP server that names the `v2.0` issuer refuses.',
      tokenVersions,
    ),
    documented(
      'A client that does not request `offline_access` gets an access token for about an hour and no refresh token: its users sign in every hour.',
      scopes,
    ),
    documented(
      'A scope without the Application ID URI in front is a scope of Microsoft Graph.',
      scopes,
    ),
    inferred(
      'AADSTS650053 follows if a client falls back to Microsoft Graph because it leaves the resource out of the scopes on a later request.',
      graphFallback,
    ),
    inferred(
      'AADSTS9010010 appears also if the application of the server has no Application ID URI.',
      missingUri,
    ),
    inferred(
      'If another client fails here, `prompt=consent` is the first parameter to remove from its request.',
      withoutPrompt,
    ),
  ],
  answers: {
    promptConsent: {
      short: 'harmful',
      fact: inferred('`offline_access` without `prompt` brings a refresh token.', withoutPrompt),
    },
    accessTokenSeconds: {
      short: '60 to 90 minutes',
      fact: documented(
        'An access token lives for 60 to 90 minutes, at random. Without Conditional Access, some clients get two hours.',
        tokenVersions,
      ),
    },
  },
}
