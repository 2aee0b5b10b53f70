import { inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const setup = source('xmcp: Scalekit', 'https://xmcp.dev/docs/integrations/scalekit', '2026-11-28')
const fastmcp = source(
  'fastmcp: Scalekit',
  'https://gofastmcp.com/v2/integrations/scalekit',
  '2026-11-28',
)
const example = source(
  'mcp-use Scalekit MCP Auth',
  'https://glama.ai/mcp/servers/scalekit-developers/scalekit-mcpuse-example',
  '2026-11-22',
)

export const scalekit: Provider = {
  id: 'scalekit',
  name: 'Scalekit',
  exampleIssuer: 'https://example.scalekit.com/resources/res_1234567890',
  isOpenIdProvider: true,
  emulated: 'scalekit',
  switchOn: [
    inferred(
      'In the Scalekit dashboard, open **Auth for SaaS > MCP Auth**, and register the MCP server. Dynamic registration and metadata documents are on without further settings.',
      setup,
    ),
    inferred(
      'Enter the URL of the MCP server as the resource identifier, exactly as clients use it, and copy the resource ID.',
      fastmcp,
    ),
  ],
  comesBack: [],
  lasts: [],
  ends: [],
  traps: [],
  answers: {
    resource: {
      short: 'honored',
      fact: inferred('The resource, or the URL of the server, becomes an audience.', example),
    },
  },
}
