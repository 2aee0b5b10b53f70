import { documented, inferred, source } from './provider.ts'
import type { Provider } from './provider.ts'

const setup = source('xmcp: WorkOS', 'https://xmcp.dev/docs/integrations/workos', '2026-11-28')
const changelog = source(
  'Client ID metadata support for MCP auth',
  'https://workos.com/changelog/client-id-metadata-support-for-mcp-auth',
  '2026-11-22',
)
const verifier = source(
  'fastmcp: WorkOS',
  'https://tangled.org/prefect.io/fastmcp/raw/apps-quickstart-tutorial/docs/python-sdk/fastmcp-server-auth-providers-workos.mdx',
  '2026-11-28',
)

export const workosAuthkit: Provider = {
  id: 'workos-authkit',
  name: 'WorkOS AuthKit',
  exampleIssuer: 'https://example.authkit.app',
  isOpenIdProvider: true,
  emulated: 'workos',
  switchOn: [
    inferred(
      'In the WorkOS dashboard, open **Connect > Configuration**. Under **MCP Auth**, turn on **Client ID Metadata Document (CIMD)**.',
      setup,
    ),
    documented(
      'Turn on **Dynamic Client Registration (DCR)** there for clients without a metadata document. It is the older way.',
      changelog,
    ),
  ],
  comesBack: [
    inferred(
      'The access tokens of Connect applications are opaque: a server asks the userinfo endpoint about them.',
      verifier,
    ),
  ],
  lasts: [],
  ends: [],
  traps: [],
}
