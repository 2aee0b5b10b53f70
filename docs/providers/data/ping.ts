import { documented, source } from './provider.ts'
import type { Provider } from './provider.ts'

const native = source(
  'Editing an application: Native',
  'https://docs.pingidentity.com/pingone/applications/p1_edit_application_native.html',
  '2026-11-28',
)
const grantTypes = source(
  'Grant types',
  'https://docs.pingidentity.com/pingone/applications/p1_grant_types.html',
  '2026-11-28',
)
const tokens = source(
  'Access tokens and ID tokens',
  'https://developer.pingidentity.com/pingone-api/foundations/authentication-concepts/access-tokens-and-id-tokens.html',
  '2026-11-28',
)

export const ping: Provider = {
  id: 'ping',
  name: 'PingOne',
  exampleIssuer: 'https://auth.pingone.eu/00000000-0000-0000-0000-000000000000/as',
  isOpenIdProvider: true,
  emulated: 'pingone',
  switchOn: [
    documented(
      'In the PingOne admin console, open **Applications > Applications**, select the application of the client, and edit its **Configuration** tab.',
      native,
    ),
    documented('Choose the grant types **Authorization Code** and **Refresh Token**.', grantTypes),
  ],
  comesBack: [
    documented('Access tokens are JWTs, signed with RS256. Refresh tokens can be opaque.', tokens),
  ],
  lasts: [],
  ends: [],
  traps: [],
}
