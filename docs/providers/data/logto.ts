import { documented, source } from './provider.ts'
import type { Provider } from './provider.ts'

const logtoSource = 'https://github.com/logto-io/logto/blob/1fbc55441f/packages'
const dynamicApps = source(
  'Dynamic apps',
  'https://docs.logto.io/integrate-logto/third-party-applications/dynamic-apps',
  '2026-11-22',
)
const issuance = source('init.ts', `${logtoSource}/core/src/oidc/init.ts`, '2026-11-22')
const defaults = source('defaults.ts', `${logtoSource}/core/src/oidc/defaults.ts`, '2026-11-22')
const lifetimes = source(
  'consts/oidc.ts',
  `${logtoSource}/schemas/src/consts/oidc.ts`,
  '2026-11-22',
)
const documents = source(
  'cimd/index.ts',
  `${logtoSource}/core/src/oidc/cimd/index.ts`,
  '2026-11-22',
)

export const logto: Provider = {
  id: 'logto',
  name: 'Logto',
  exampleIssuer: 'https://example.logto.app/oidc',
  isOpenIdProvider: true,
  profile: 'logto',
  emulated: 'logto',
  switchOn: [
    documented(
      'Register MCP clients as a third-party application of the kind **Dynamic app**, which accepts metadata documents.',
      dynamicApps,
    ),
    documented(
      'For a web application whose client cannot send `prompt=consent`, turn on `alwaysIssueRefreshToken`.',
      issuance,
    ),
    documented('Set the lifetime of refresh tokens of the application, 1 to 180 days.', lifetimes),
  ],
  comesBack: [
    documented(
      'A confidential client gets a new refresh token after 70 percent of its lifetime, a public one with each refresh.',
      defaults,
    ),
  ],
  lasts: [],
  ends: [],
  traps: [
    documented(
      'The server decides the grant types and scopes of a client with a metadata document, whatever the document says.',
      documents,
    ),
  ],
  answers: {
    absoluteSeconds: {
      short: '1 year',
      fact: documented('Rotation extends a sign-in for a year at most.', defaults),
    },
  },
}
