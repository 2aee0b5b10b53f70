/** A fact about a product, with its public source. */
export interface ProductFact<Value> {
  readonly value: Value
  /** `inferred`: second-hand, from an old document, or concluded from something else. */
  readonly status: 'measured' | 'documented' | 'inferred'
  /** A URL, a file in a public repository, or the version that was measured. */
  readonly source: string
}

/** How long the sign-ins of a product last, and what they need. Unknown facts are left out. */
export interface ProductFacts {
  /** The name of the product's page, and the ID of its profile in `@evergrant/core`, if it has one. */
  readonly id: string
  readonly name: string
  /** Issuers of a product without such a profile. `*` matches letters, digits, `.`, `-` and `_`. */
  readonly issuers?: readonly string[]
  readonly refreshTokenFor?: ProductFact<
    'always' | 'grant-type' | 'offline-access' | 'grant-type-and-offline-access' | 'access-type'
  >
  readonly rotation?: ProductFact<'rotates' | 'keeps'>
  readonly reuse?: ProductFact<'family-revoked' | 'refused' | 'accepted'>
  readonly graceSeconds?: ProductFact<number>
  readonly idleSeconds?: ProductFact<number>
  readonly absoluteSeconds?: ProductFact<number>
  readonly accessTokenSeconds?: ProductFact<number>
  /** What differs if offline_access is requested. */
  readonly withOfflineAccess?: {
    readonly idleSeconds: ProductFact<number>
    /** Absent: no such limit is known. */
    readonly absoluteSeconds?: ProductFact<number>
  }
  /** Facts that no member expresses. */
  readonly notes: readonly ProductFact<string>[]
}

const day = 86_400

function documented<const Value>(value: Value, source: string): ProductFact<Value> {
  return { value, status: 'documented', source }
}

function inferred<const Value>(value: Value, source: string): ProductFact<Value> {
  return { value, status: 'inferred', source }
}

function measured<const Value>(value: Value, source: string): ProductFact<Value> {
  return { value, status: 'measured', source }
}

const auth0Get =
  'https://github.com/auth0/docs-v2/blob/1a4096e899/main/docs/secure/tokens/refresh-tokens/get-refresh-tokens.mdx'
const auth0Expiry =
  'https://github.com/auth0/docs-v2/blob/0bc697041b/main/docs/secure/tokens/refresh-tokens/configure-refresh-token-expiration.mdx'
const okta = 'https://developer.okta.com/docs/guides/refresh-tokens/main/'
const oktaSupport =
  'https://support.okta.com/help/s/article/refresh-token-expiration-behavior?language=en_US'
const entra =
  'https://github.com/MicrosoftDocs/entra-docs/blob/1c46dd7464/docs/identity-platform/refresh-tokens.md'
const google = 'https://usefulangle.com/post/51/google-refresh-token-common-questions'
const googleLife = 'https://www.unipile.com/google-oauth-refresh-token/'
const cognitoToken = 'https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html'
const cognitoRotation =
  'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html'
const github =
  'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens'
const keycloak = 'Keycloak 26.7.3, November 2026'
const keycloakOffline =
  'https://github.com/keycloak/keycloak/blob/02c8ca0a58/docs/documentation/server_admin/topics/sessions/offline.adoc'
const hydra = 'Ory Hydra 2.3.0, November 2026'
const hydraSource = 'https://github.com/ory/hydra/tree/83127c575'
const logto = 'https://github.com/logto-io/logto/tree/1fbc55441f/packages/core/src/oidc'
const clerk =
  'https://clerk.com/docs/guides/configure/auth-strategies/oauth/how-clerk-implements-oauth'
const workos = 'https://workos.com/docs/reference/workos-connect/token'
const zitadel = 'https://help.zitadel.com/how-to-enable-and-receive-refresh-tokens'
const cloudflareAccess =
  'https://github.com/cloudflare/cloudflare-docs/blob/03d4c2f748/src/content/docs/cloudflare-one/access-controls/applications/http-apps/managed-oauth.mdx'

/** Products that are recognized by their issuer. */
const productFacts: readonly ProductFacts[] = [
  {
    id: 'auth0',
    name: 'Auth0',
    refreshTokenFor: documented('offline-access', auth0Get),
    reuse: documented(
      'family-revoked',
      'https://auth0.com/docs/tokens/guides/configure-refresh-token-rotation',
    ),
    idleSeconds: documented(30 * day, auth0Expiry),
    notes: [
      documented('No refresh token is issued unless the API allows offline access', auth0Get),
      documented(
        'Rotation is on by default for single-page applications, and off for others',
        auth0Expiry,
      ),
    ],
  },
  {
    id: 'okta',
    name: 'Okta',
    refreshTokenFor: documented('grant-type-and-offline-access', okta),
    idleSeconds: documented(7 * day, oktaSupport),
    notes: [
      documented('The idle time is that of custom authorization servers', oktaSupport),
      documented(
        'Single-page applications rotate, with a grace of 30 s; native and web applications keep the token',
        okta,
      ),
    ],
  },
  {
    id: 'entra-id',
    name: 'Microsoft Entra ID',
    refreshTokenFor: inferred(
      'offline-access',
      'https://github.com/Softeria/ms-365-mcp-server/pull/407',
    ),
    rotation: documented('rotates', entra),
    reuse: documented('accepted', entra),
    idleSeconds: documented(90 * day, entra),
    notes: [
      documented('Refresh tokens for redirect URIs of the type spa end after 24 hours', entra),
    ],
  },
  {
    id: 'google',
    name: 'Google',
    refreshTokenFor: inferred('access-type', google),
    rotation: inferred('keeps', google),
    idleSeconds: inferred(182 * day, googleLife),
    notes: [
      inferred(
        'Refresh tokens end after 7 days while the consent screen is in testing',
        googleLife,
      ),
      inferred('Above a limit, the oldest refresh token of a user and client is revoked', google),
    ],
  },
  {
    id: 'cognito',
    name: 'Amazon Cognito',
    refreshTokenFor: documented('always', cognitoToken),
    rotation: documented('keeps', cognitoRotation),
    absoluteSeconds: inferred(
      30 * day,
      'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html',
    ),
    notes: [documented('Rotation can be enabled, with a grace of at most 60 s', cognitoRotation)],
  },
  {
    id: 'github',
    name: 'GitHub',
    refreshTokenFor: documented('always', github),
    rotation: documented('rotates', github),
    idleSeconds: documented(182 * day, github),
    accessTokenSeconds: documented(8 * 3600, github),
    notes: [
      documented('Only GitHub Apps whose user tokens expire get refresh tokens', github),
      documented('A refresh requires the client secret', github),
    ],
  },
  {
    id: 'keycloak',
    name: 'Keycloak',
    refreshTokenFor: measured('grant-type', keycloak),
    rotation: measured('rotates', keycloak),
    reuse: measured('accepted', keycloak),
    idleSeconds: inferred(1800, keycloakOffline),
    absoluteSeconds: inferred(36_000, keycloakOffline),
    // An offline token outlives the session.
    withOfflineAccess: { idleSeconds: documented(30 * day, keycloakOffline) },
    notes: [
      documented(
        'With offline_access the refresh token is an offline token: it outlives the session, and ends after 30 days without use by default',
        keycloakOffline,
      ),
      measured('With Revoke Refresh Token, a second use revokes the successor too', keycloak),
    ],
  },
  {
    id: 'ory-hydra',
    name: 'Ory Hydra',
    refreshTokenFor: measured('grant-type-and-offline-access', hydra),
    rotation: measured('rotates', hydra),
    reuse: measured('family-revoked', hydra),
    graceSeconds: documented(0, `${hydraSource}/spec/config.json`),
    idleSeconds: documented(30 * day, `${hydraSource}/driver/config/provider_fosite.go`),
    notes: [],
  },
  {
    id: 'logto',
    name: 'Logto',
    refreshTokenFor: documented('grant-type-and-offline-access', `${logto}/init.ts`),
    rotation: documented('rotates', `${logto}/defaults.ts`),
    reuse: inferred('family-revoked', `${logto}/init.ts`),
    graceSeconds: inferred(0, `${logto}/init.ts`),
    idleSeconds: documented(
      14 * day,
      'https://github.com/logto-io/logto/blob/1fbc55441f/packages/schemas/src/consts/oidc.ts',
    ),
    notes: [],
  },
  {
    id: 'clerk',
    name: 'Clerk',
    accessTokenSeconds: documented(day, clerk),
    notes: [documented('Refresh tokens do not expire', clerk)],
  },
  {
    id: 'workos-authkit',
    name: 'WorkOS AuthKit',
    issuers: ['https://*.authkit.app'],
    refreshTokenFor: documented('offline-access', workos),
    notes: [],
  },
  {
    id: 'zitadel',
    name: 'ZITADEL',
    issuers: ['https://*.zitadel.cloud'],
    refreshTokenFor: documented('grant-type-and-offline-access', zitadel),
    rotation: documented('rotates', zitadel),
    idleSeconds: inferred(
      30 * day,
      'https://zitadel.com/docs/self-hosting/manage/production (RefreshTokenIdleExpiration)',
    ),
    absoluteSeconds: inferred(
      90 * day,
      'https://zitadel.com/docs/self-hosting/manage/production (RefreshTokenExpiration)',
    ),
    notes: [],
  },
  {
    id: 'cloudflare-access',
    name: 'Cloudflare Access',
    issuers: ['https://*.cloudflareaccess.com'],
    accessTokenSeconds: documented(900, cloudflareAccess),
    notes: [
      documented(
        'The refresh token ends with the configured grant session duration',
        cloudflareAccess,
      ),
      documented('The access policy is evaluated again at each refresh', cloudflareAccess),
    ],
  },
]

/** The facts about the product of an issuer, if it is known. */
export function factsOf(
  issuer: string,
  profileId: string,
  requestsOfflineAccess: boolean,
): ProductFacts | undefined {
  const found = findFacts(issuer, profileId)
  if (found?.withOfflineAccess === undefined || !requestsOfflineAccess) return found
  const { idleSeconds: _idle, absoluteSeconds: _absolute, ...others } = found
  return { ...others, ...found.withOfflineAccess }
}

function findFacts(issuer: string, profileId: string): ProductFacts | undefined {
  return productFacts.find(
    ({ id, issuers = [] }) =>
      id === profileId || issuers.some((pattern) => matches(pattern, issuer)),
  )
}

function matches(pattern: string, issuer: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('[A-Za-z0-9._-]+')
  return new RegExp(`^${source}/?$`).test(issuer)
}
