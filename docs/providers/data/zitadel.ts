import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const guide = source(
  'How to enable and receive refresh tokens',
  'https://help.zitadel.com/how-to-enable-and-receive-refresh-tokens',
  '2026-11-28',
)
const settings = source(
  'Pulumi: DefaultOidcSettings',
  'https://pulumi.com/registry/packages/zitadel/api-docs/defaultoidcsettings/',
  '2026-11-28',
)

export const zitadel: Provider = {
  id: 'zitadel',
  name: 'ZITADEL',
  exampleIssuer: 'https://example.zitadel.cloud',
  isOpenIdProvider: true,
  emulated: 'zitadel',
  switchOn: [
    documented(
      'In the console, open the application in its project, and check **Refresh Token**.',
      guide,
    ),
    inferred(
      'Set `RefreshTokenIdleExpiration` and `RefreshTokenExpiration` of the instance to the longest pause and the longest time that a sign-in must survive.',
      settings,
    ),
  ],
  comesBack: [],
  lasts: [],
  ends: [],
  traps: [],
  answers: {
    resource: { short: 'by a scope', fact: { note: 'a scope selects the audience' } },
  },
}
