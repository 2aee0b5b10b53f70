import { showRemote } from '../lib/remote-text.ts'

/** A fact about a product, with its source. */
export interface ProviderFact {
  /** In plain words. */
  readonly fact: string
  /** `known`: documented or measured. `partial`: second-hand, inferred, or from an old source. */
  readonly status: 'known' | 'partial'
  readonly source: string
}

/**
 * What an authorization server product requires beyond the standards, as data.
 *
 * A profile cannot disable PKCE, `state`, the issuer checks or TLS, and cannot request
 * `offline_access` from a server that does not list it. It can only request less, or add a parameter.
 */
export interface ProviderProfile {
  readonly id: string
  readonly name: string
  /** Issuers of the product. `*` matches letters, digits, `.`, `-` and `_`. */
  readonly issuers: readonly string[]
  /** `never`: do not send it, even if the server lists it. */
  readonly offlineAccess: 'where-listed' | 'never'
  /**
   * - `by-standard`: with `offline_access`, to OpenID Providers.
   * - `not-needed`: the product has other conditions for a refresh token.
   * - `with-refresh-token`: whenever the client wants a refresh token.
   */
  readonly promptConsent: 'by-standard' | 'not-needed' | 'with-refresh-token'
  /** `omit` if the server rejects requests with it. The resource server checks the audience. */
  readonly resourceParameter: 'send' | 'omit'
  /** Another parameter of the authorization request for the resource. */
  readonly resourceAlias: string | undefined
  /** Parameters of the authorization request if the client wants a refresh token. */
  readonly refreshTokenParameters: Readonly<Record<string, string>>
  /** `granted` if a refresh request must repeat the scope. */
  readonly refreshScope: 'omit' | 'granted'
  /** Whether the server rejects an authorization request without `scope`. */
  readonly requiresScope: boolean
  /** Error codes of the token endpoint with the meaning of `invalid_grant`. */
  readonly grantEndedErrors: readonly string[]
  readonly facts: readonly ProviderFact[]
}

/** The standards only. Used for every server without a profile. */
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

/** Products that are recognized by their issuer and deviate from the standards. */
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

/** Options of {@link selectProviderProfile}. */
export interface SelectProviderProfileOptions {
  /** Searched before the built-in profiles. */
  readonly profiles?: readonly ProviderProfile[] | undefined
}

/**
 * Returns the profile for an issuer: the first with a matching pattern, otherwise
 * {@link standardProfile}.
 *
 * @param issuer - From validated metadata, so that a server cannot select another server's profile.
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

/** The parameters of a profile for a resource. */
export interface ProfileParameters {
  /** Value of `resource` in every request to the server; `undefined` to leave it out. */
  readonly resource: string | undefined
  /** Additional parameters of the authorization request. */
  readonly authorizationParameters: Readonly<Record<string, string>>
  /** Deviations from the standards, in plain words. */
  readonly warnings: readonly string[]
}

/** Options of {@link applyProviderProfile}. */
export interface ApplyProviderProfileOptions {
  /** Default `true`. */
  readonly wantsRefreshToken?: boolean | undefined
}

/**
 * Returns the parameters that a profile requires.
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
          `resource ${showRemote(resource)} is not sent, because ${profile.name} rejects it; the ` +
            'scope must name the resource',
        ]
      : [],
  }
}
