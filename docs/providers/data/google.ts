import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const readOn = '2026-11-28'
const clients = source(
  'Manage OAuth Clients',
  'https://support.google.com/cloud/answer/15549257',
  readOn,
)
const nativeApp = source(
  'OAuth 2.0 for iOS & Desktop Apps',
  'https://developers.google.com/identity/protocols/oauth2/native-app',
  readOn,
)
const appAudience = source(
  'Manage App Audience',
  'https://support.google.com/cloud/answer/15549945',
  readOn,
)
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
    documented(
      'In the Google Cloud console, open **Google Auth Platform > Clients**, and create an OAuth client. Before the first one, the console asks you to create a project and to register the application.',
      clients,
    ),
    documented(
      'For a program on the machine of the user, choose the application type **Desktop app**: it may use a loopback redirect URI.',
      nativeApp,
    ),
    documented(
      'Open **Google Auth Platform > Audience**, and choose the user type: **Internal** for the members of your organization, **External** for everyone. In the publishing status **Testing**, only up to 100 listed test users can sign in.',
      appAudience,
    ),
    inferred(
      'Publish the application there, so that its status is **In production** and not **Testing**.',
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
