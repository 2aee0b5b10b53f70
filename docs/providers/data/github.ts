import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const refreshing = source(
  'Refreshing user access tokens',
  'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens',
  '2026-11-28',
)
const generating = source(
  'Generating a user access token',
  'https://docs.github.com/en/enterprise-server@3.9/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app',
  '2026-11-28',
)
const revoking = source(
  'GitGuardian: GitHub App refresh token',
  'https://docs.gitguardian.com/secrets-detection/secrets-detection-engine/detectors/specifics/github_refresh_token',
  '2026-11-28',
)

export const github: Provider = {
  id: 'github',
  name: 'GitHub',
  exampleIssuer: 'https://github.com/login/oauth',
  isOpenIdProvider: false,
  exampleScope: 'repo',
  profile: 'github',
  profileReasons: {
    offlineAccess: { note: 'the scope offline_access does not exist' },
    promptConsent: 'refreshTokenFor',
    grantEndedErrors: 'deadRefreshToken',
  },
  emulated: 'github',
  switchOn: [
    documented(
      'Use a GitHub App. In **Settings > Developer settings > GitHub Apps**, edit it, and open **Optional features**.',
      refreshing,
    ),
    documented(
      'Opt in to **User-to-server token expiration**. A new app has it, unless you opted out. Only user tokens that expire come with a refresh token.',
      refreshing,
    ),
  ],
  comesBack: [
    documented(
      'The permissions of the app and of the user decide what a token can do. Scopes have no effect.',
      generating,
    ),
  ],
  lasts: [],
  ends: [
    inferred('The user revokes the authorization of the app in the GitHub settings.', revoking),
  ],
  traps: [
    inferred(
      'A token of the device grant is refreshed without the client secret. Any other one needs it.',
      revoking,
    ),
  ],
  answers: {
    offlineAccess: {
      short: 'does not exist',
      fact: { note: 'the scope offline_access does not exist' },
    },
  },
}
