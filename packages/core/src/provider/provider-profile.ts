import { showRemote } from '../lib/remote-text.ts'

/** Something known about a product, and how it is known. */
export interface ProviderFact {
  /** In plain words. */
  readonly fact: string
  /** `known`: documented or measured. `partial`: second-hand, inferred, or from an old source. */
  readonly status: 'known' | 'partial'
  readonly source: string
}

/**
 * What an authorization server product needs beyond the standards, as data.
 *
 * There is no member that could switch off PKCE, `state`, the issuer checks or TLS, and none that
 * could ask for `offline_access` where the server does not list it: a profile only ever asks for
 * less, or adds a parameter.
 */
export interface ProviderProfile {
  readonly id: string
  readonly name: string
  /** Issuers of the product; `*` stands for a run of letters, digits, `.`, `-` and `_`. */
  readonly issuers: readonly string[]
  /** `never`: do not send it even where it is listed. */
  readonly offlineAccess: 'where-listed' | 'never'
  /**
   * - `by-standard`: with `offline_access`, to OpenID Providers.
   * - `not-needed`: other conditions for a refresh token are in place.
   * - `with-refresh-token`: whenever a refresh token is wanted.
   */
  readonly promptConsent: 'by-standard' | 'not-needed' | 'with-refresh-token'
  /** `omit` where the server refuses requests with it. The resource server checks the audience. */
  readonly resourceParameter: 'send' | 'omit'
  /** Another parameter that carries the resource on the authorization request. */
  readonly resourceAlias: string | undefined
  /** Parameters of the authorization request where a refresh token is wanted. */
  readonly refreshTokenParameters: Readonly<Record<string, string>>
  /** `granted` where a refresh request must repeat the scope. */
  readonly refreshScope: 'omit' | 'granted'
  /** The server refuses an authorization request without `scope`. */
  readonly requiresScope: boolean
  /** Error codes of the token endpoint that mean the same as `invalid_grant`. */
  readonly grantEndedErrors: readonly string[]
  readonly facts: readonly ProviderFact[]
}

/** The standards and nothing else: what is used for every server without a profile. */
export const standardProfile: ProviderProfile = {
  id: 'standard',
  name: 'Any authorization server',
  issuers: [],
  offlineAccess: 'where-listed',
  promptConsent: 'by-standard',
  resourceParameter: 'send',
  resourceAlias: undefined,
  refreshTokenParameters: {},
  refreshScope: 'omit',
  requiresScope: false,
  grantEndedErrors: [],
  facts: [],
}

/** The products whose issuers can be recognised and that need something of their own. */
export const providerProfiles: readonly ProviderProfile[] = [
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
        fact: 'offline_access is answered with invalid_scope; access_type=offline asks for a refresh token',
        status: 'partial',
        source: 'https://github.com/home-assistant/core/issues/180546',
      },
      {
        fact: 'A refresh token comes with the first consent only, unless prompt=consent is sent',
        status: 'partial',
        source: 'https://usefulangle.com/post/51/google-refresh-token-common-questions',
      },
      {
        fact: 'An authorization request without scope is refused',
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
    resourceParameter: 'omit',
    requiresScope: true,
    facts: [
      {
        fact: 'scope is a required parameter of the authorization request',
        status: 'known',
        source:
          'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
      },
      {
        fact: 'resource is refused (AADSTS9010010) on authorization, token and refresh requests unless it matches the resource of the scopes; the scopes name the resource',
        status: 'partial',
        source: 'https://github.com/anthropics/claude-code/issues/73460',
      },
      {
        fact: 'offline_access is needed, and never echoed in the scope of a token response',
        status: 'partial',
        source: 'https://learn.microsoft.com/en-us/answers/questions/806413/',
      },
      {
        fact: 'The metadata has no code_challenge_methods_supported, though S256 works',
        status: 'partial',
        source: 'https://github.com/modelcontextprotocol/typescript-sdk/issues/832',
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
        fact: 'resource is understood only with the Resource Parameter Compatibility Profile; otherwise audience names the API, and without either the access token is opaque',
        status: 'known',
        source: 'https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile',
      },
      {
        fact: 'offline_access is needed, and the API must allow offline access; the documented request has no prompt',
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
        fact: 'offline_access is needed on the authorization request; the documented request has no prompt',
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
        fact: 'A code got without scope cannot be exchanged',
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
        fact: 'The consent screen is on by default, and always shown to clients that registered themselves',
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
        fact: 'There is no offline_access; a GitHub App whose user tokens expire gets refresh tokens, each good for one use',
        status: 'known',
        source:
          'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens',
      },
      {
        fact: 'A refresh token that is wrong or expired is answered with bad_refresh_token',
        status: 'partial',
        source: 'https://www.nango.dev/blog/github-app-oauth-refresh-token-bad-refresh-token',
      },
    ],
  },
]

/** Options of {@link selectProviderProfile}. */
export interface SelectProviderProfileOptions {
  /** Looked through before the built-in ones. */
  readonly profiles?: readonly ProviderProfile[] | undefined
}

/**
 * The profile for an issuer: the first whose pattern fits, else {@link standardProfile}.
 *
 * @param issuer - From validated metadata, so that nobody can choose a profile for somebody else.
 */
export function selectProviderProfile(
  issuer: string,
  options: SelectProviderProfileOptions = {},
): ProviderProfile {
  return (
    [...(options.profiles ?? []), ...providerProfiles].find((profile) =>
      profile.issuers.some((pattern) => matchesPattern(pattern, issuer)),
    ) ?? standardProfile
  )
}

function matchesPattern(pattern: string, issuer: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('[A-Za-z0-9._-]+')
  return new RegExp(`^${source}$`).test(issuer)
}

/** What a profile makes of the resource and of the wish for a refresh token. */
export interface ProfileParameters {
  /** Value for `resource` on every request to the server; `undefined` means: leave it out. */
  readonly resource: string | undefined
  /** Further parameters of the authorization request. */
  readonly authorizationParameters: Readonly<Record<string, string>>
  /** What deviates from the standards, in plain words. */
  readonly warnings: readonly string[]
}

/** Options of {@link applyProviderProfile}. */
export interface ApplyProviderProfileOptions {
  /** Default `true`. */
  readonly wantsRefreshToken?: boolean | undefined
}

/**
 * The parameters a profile asks for.
 *
 * @param resource - The MCP server's resource identifier.
 * @see RFC 8707 §2 (`resource`)
 */
export function applyProviderProfile(
  profile: ProviderProfile,
  resource: string,
  options: ApplyProviderProfileOptions = {},
): ProfileParameters {
  const omit = profile.resourceParameter === 'omit'
  return {
    resource: omit ? undefined : resource,
    authorizationParameters: {
      ...(options.wantsRefreshToken === false ? {} : profile.refreshTokenParameters),
      ...(profile.resourceAlias === undefined ? {} : { [profile.resourceAlias]: resource }),
    },
    warnings: omit
      ? [
          `resource ${showRemote(resource)} is not sent, because ${profile.name} refuses it; the ` +
            'scope must name the resource',
        ]
      : [],
  }
}
