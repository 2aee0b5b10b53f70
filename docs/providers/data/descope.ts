import { documented, source } from './provider.ts'
import type { Provider } from './provider.ts'

const settings = source(
  'MCP server settings',
  'https://docs.descope.com/agentic-identity-hub/mcp-servers/settings',
  '2026-11-28',
)
const audience = source(
  'MCP server settings, core components',
  'https://docs.descope.com/agentic-identity-hub/core-components/mcp-servers/settings',
  '2026-11-28',
)
const refresh = source(
  'Refresh token grant',
  'https://docs.descope.com/identity-federation/inbound-apps/grant-types/refresh-token',
  '2026-11-28',
)
const inboundApps = source(
  'Creating inbound apps',
  'https://docs.descope.com/inbound-apps/creating-inbound-apps',
  '2026-11-28',
)

export const descope: Provider = {
  id: 'descope',
  name: 'Descope',
  exampleIssuer: 'https://api.descope.com/v1/apps/PEXAMPLE',
  isOpenIdProvider: true,
  emulated: 'descope',
  switchOn: [
    documented(
      'Create an MCP server in the Descope console, and open its **Settings**. Dynamic registration is on there by default.',
      settings,
    ),
    documented(
      'Turn on **CIMD** under **MCP Client Registration** for clients with a metadata document, if you like with a list of approved domains.',
      settings,
    ),
    documented(
      'Enter the **MCP Server URL**. It becomes an audience of the access tokens.',
      audience,
    ),
    documented(
      'Make the consent last as long as a sign-in must: when it expires, the refresh fails.',
      refresh,
    ),
  ],
  comesBack: [
    documented(
      'The refresh token is part of the token response. There is no switch for it.',
      refresh,
    ),
  ],
  lasts: [],
  ends: [],
  traps: [
    documented(
      'An inbound app that is created in the console is confidential, and refreshes only with its secret. Public ones come from the API, an SDK or dynamic registration.',
      inboundApps,
    ),
    documented('Refreshes are not in the audit trail.', refresh),
  ],
  answers: {
    rotation: { short: 'sometimes a new token', fact: { note: 'a refresh sometimes' } },
    clientIdMetadataDocuments: {
      short: 'off by default',
      fact: { note: 'metadata documents are off by default' },
    },
    resource: {
      short: 'by configuration',
      fact: documented('The URL of the MCP server in its settings is an audience.', audience),
    },
  },
}
