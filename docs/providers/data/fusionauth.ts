import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const scopes = source(
  'OAuth scopes',
  'https://github.com/FusionAuth/fusionauth-site/blob/10887f85dc/astro/src/content/docs/lifecycle/authenticate-users/oauth/scopes.mdx',
  '2026-11-28',
)
const registration = source(
  'OAuth client registration',
  'https://github.com/FusionAuth/fusionauth-site/blob/570e52be63/astro/src/content/docs/lifecycle/authenticate-users/oauth/client-registration.mdx',
  '2026-11-28',
)
const tokens = source(
  'JSON Web Tokens',
  'https://fusionauth.io/docs/lifecycle/authenticate-users/login-api/json-web-tokens',
  '2026-11-28',
)
const usagePolicy = source(
  'JwtConfiguration of the Rust client',
  'https://docs.rs/crate/fusionauth-rust-client/2.6.0/source/docs/JwtConfiguration.md',
  '2026-11-28',
)
const expirationPolicy = source(
  'RefreshTokenExpirationPolicy of the Rust client',
  'https://docs.rs/crate/fusionauth-rust-client/latest/source/docs/RefreshTokenExpirationPolicy.md',
  '2026-11-28',
)

export const fusionauth: Provider = {
  id: 'fusionauth',
  name: 'FusionAuth',
  exampleIssuer: 'https://auth.example.com/00000000-0000-0000-0000-000000000000',
  isOpenIdProvider: true,
  emulated: 'fusionauth',
  switchOn: [
    documented(
      'Create an application for the client. On its tab **OAuth**, turn on **Generate refresh tokens**, and check **Refresh Token** in **Enabled grants**.',
      scopes,
    ),
    documented(
      'For clients with a metadata document, create a **CIMD domain** for each trusted origin. Its scopes and resource URIs apply to every client of that origin.',
      registration,
    ),
    documented(
      'In **Settings > Tenants**, on the tab **JWT**, set **Refresh token duration** to the time that a sign-in must last.',
      tokens,
    ),
    inferred(
      'If refresh tokens are for one-time use, give them a grace period (`gracePeriodInSeconds`).',
      usagePolicy,
    ),
  ],
  comesBack: [
    documented(
      'The audience of an access token contains the client ID, and the resource if it is authorized for the domain of the client.',
      registration,
    ),
  ],
  lasts: [
    inferred(
      'The expiration policy of refresh tokens is fixed, sliding, or sliding with a maximum.',
      expirationPolicy,
    ),
  ],
  ends: [],
  traps: [
    documented(
      'Requests of a client with a metadata document go to the endpoints of the tenant, below `/<tenantId>`.',
      registration,
    ),
    documented(
      'A client with a metadata document always asks the user for consent at least once.',
      registration,
    ),
  ],
  answers: {
    clientIdMetadataDocuments: {
      short: 'enterprise plan',
      fact: { note: 'metadata documents need version 1.70' },
    },
    rotation: {
      short: 'by setting',
      fact: inferred('Refresh tokens are reusable or for one-time use.', usagePolicy),
    },
    resource: {
      short: 'with metadata documents',
      fact: { note: 'a client with a metadata document must name exactly one resource' },
    },
  },
}
