import { inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const readOn = '2026-11-28'
const audience = source(
  'youtube-automation: why tokens expire',
  'https://github.com/daiki-beppu/youtube-automation/issues/4716',
  readOn,
)
const staysShort = source(
  'BilibiliSponsorBlock: a token that was issued in testing',
  'https://github.com/hanydd/BilibiliSponsorBlock/issues/330',
  readOn,
)
const exempt = source(
  'google-4-tbsync: the seven days',
  'https://github.com/jobisoft/google-4-tbsync/wiki/_history',
  readOn,
)
const expiration = source(
  'When OAuth tokens of Google expire (2022)',
  'https://qiita.com/croquette0212/items/8da7ccaa09abf89d4f51',
  readOn,
)
export const google: Provider = {
  id: 'google',
  name: 'Google',
  exampleIssuer: 'https://accounts.google.com',
  isOpenIdProvider: true,
  exampleScope: 'https://www.googleapis.com/auth/calendar.readonly',
  profile: 'google',
  profileReasons: {
    offlineAccess: 'offlineAccess',
    promptConsent: 'refreshTokenFor',
    refreshTokenParameters: 'refreshTokenFor',
    requiresScope: 'requestWithoutScope',
  },
  emulated: 'google',
  switchOn: [
    inferred(
      'In the Google Cloud console, open **Google Auth Platform > Audience**, and publish the application, so that its status is **In production** and not **Testing**.',
      audience,
    ),
    inferred(
      'Sign in once more after that: a refresh token that was issued in testing keeps its end.',
      staysShort,
    ),
  ],
  comesBack: [],
  lasts: [
    inferred(
      'The seven days of testing do not apply to scopes for name, email address and profile alone.',
      exempt,
    ),
  ],
  ends: [
    inferred('The user removes the access of the application in the Google account.', expiration),
    inferred('The user changes the password, if the token has scopes of Gmail.', expiration),
    inferred('A session control policy of the Google Cloud organization applies.', expiration),
  ],
  traps: [],
  answers: { promptConsent: { short: 'needed', fact: 'refreshTokenFor' } },
}
