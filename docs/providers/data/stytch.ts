import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const clientTypes = source(
  'Client types in Connected Apps',
  'https://stytch.com/docs/connected-apps/oauth-learn-more/client-types.md',
  '2026-11-28',
)
const createRequest = source(
  'Connected Apps: create request',
  'https://schemas.apis.io/schemas/stytch/stytch-api-connectedapps-v1-connected-apps-clients-createrequest/',
  '2026-11-22',
)
const facets = source(
  'API Evangelist on Stytch',
  'https://raw.githubusercontent.com/api-evangelist/stytch/refs/heads/main/vendor-facets/stytch-vendor-facets.yml',
  '2026-11-28',
)

export const stytch: Provider = {
  id: 'stytch',
  name: 'Stytch',
  exampleIssuer: 'https://example.customers.stytch.com',
  isOpenIdProvider: true,
  emulated: 'stytch',
  switchOn: [
    inferred(
      'In the Stytch dashboard, enable dynamic client registration for **Connected Apps**. It is opt-in.',
      facets,
    ),
    documented(
      'Or create a client of the type **Third-Party Public** for programs on a user’s machine.',
      clientTypes,
    ),
    inferred(
      'For a first-party client, decide whether the user is asked about `offline_access`: by default, the user is.',
      createRequest,
    ),
  ],
  comesBack: [],
  lasts: [],
  ends: [],
  traps: [],
  answers: {
    clientIdMetadataDocuments: {
      short: 'supported',
      fact: documented('Clients can be created from metadata documents.', clientTypes),
    },
    resource: {
      short: 'by configuration',
      fact: { note: 'the audience of an access token is the client' },
    },
  },
}
