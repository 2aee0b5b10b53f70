import { documented, source } from './provider.ts'
import type { Provider } from './provider.ts'

const guide = source(
  'Refresh access tokens',
  'https://developer.okta.com/docs/guides/refresh-tokens/main/',
  '2026-11-28',
)
const expiration = source(
  'Refresh token expiration behavior',
  'https://support.okta.com/help/s/article/refresh-token-expiration-behavior?language=en_US',
  '2026-11-28',
)

export const okta: Provider = {
  id: 'okta',
  name: 'Okta',
  exampleIssuer: 'https://example.okta.com/oauth2/default',
  isOpenIdProvider: true,
  profile: 'okta',
  profileReasons: { promptConsent: 'promptConsent' },
  emulated: 'okta',
  switchOn: [
    documented(
      'In the Admin Console, open **Applications > Applications**, and select the application of the client.',
      guide,
    ),
    documented(
      'On the **General** tab, select **Edit** in **General Settings**, and check **Refresh Token** in **Allowed grant types**.',
      guide,
    ),
    documented(
      'If you choose **Rotate token after every use** in the section **Refresh Token**, leave the grace period at 30 seconds or more. It can be 0 to 60.',
      guide,
    ),
    documented(
      'In the access policy of a custom authorization server, set the lifetime of refresh tokens and the time after which an unused one expires.',
      expiration,
    ),
  ],
  comesBack: [documented('The scope of the token response contains `offline_access`.', guide)],
  lasts: [
    documented(
      'The org authorization server has fixed limits: a refresh token lives for 90 days, used or not.',
      expiration,
    ),
    documented('A rotated token expires when the first one would have.', expiration),
  ],
  ends: [
    documented(
      'With rotation, the System Log shows `app.oauth2.as.token.detect_reuse` when a token is used again after the grace.',
      guide,
    ),
  ],
  traps: [],
  answers: {
    absoluteSeconds: {
      short: 'never, by default',
      fact: documented(
        'The lifetime that a custom authorization server sets is unlimited by default, and can be 10 minutes to 5 years.',
        expiration,
      ),
    },
  },
}
