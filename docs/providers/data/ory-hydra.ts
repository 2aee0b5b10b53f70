import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const graceful = source(
  'Graceful refresh token rotation',
  'https://github.com/ory/docs/blob/1456674597/docs/hydra/guides/graceful-token-refresh.mdx',
  '2026-11-28',
)
const configuration = source(
  'Schema of the configuration',
  'https://github.com/ory/hydra/blob/83127c575/spec/config.json',
  '2026-11-22',
)
const console = source(
  'Refresh token rotation in the Ory Console',
  'https://github.com/ory/docs/pull/2547',
  '2026-11-28',
)

export const oryHydra: Provider = {
  id: 'ory-hydra',
  name: 'Ory Hydra',
  exampleIssuer: 'https://example.projects.oryapis.com',
  isOpenIdProvider: true,
  profile: 'ory-hydra',
  profileReasons: { promptConsent: 'promptConsent' },
  emulated: 'hydra',
  switchOn: [
    documented(
      'Set `oidc.dynamic_client_registration.enabled` to `true` for clients that register themselves.',
      configuration,
    ),
    documented(
      'Add `offline_access` and the scopes of the MCP server to `oidc.dynamic_client_registration.default_scope`: a client that registers without `scope` gets nothing else.',
      configuration,
    ),
    documented(
      'Set `oauth2.grant.refresh_token.rotation_grace_period`, for example to `60s`, so that a lost response does not end the sign-in. It is off by default, and can be 5 minutes at most.',
      graceful,
    ),
    inferred(
      'On the Ory Network, the grace period is in the OAuth 2.0 configuration of the Ory Console.',
      console,
    ),
    documented(
      'Set `ttl.refresh_token` to the longest pause that a sign-in must survive.',
      configuration,
    ),
  ],
  comesBack: [],
  lasts: [],
  ends: [
    documented(
      'Revoking one refresh token, or the consent, ends all tokens of that consent, also those of refreshes during the grace.',
      graceful,
    ),
  ],
  traps: [
    documented(
      'A refresh also revokes the access token that came with the refresh token.',
      graceful,
    ),
  ],
}
