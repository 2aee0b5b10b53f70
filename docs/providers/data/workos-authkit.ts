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

const sessions = source(
  'Session length vs. access token duration vs. inactivity timeout',
  'https://workos.com/blog/session-length-access-token-duration-inactivity-timeout',
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
  lasts: [
    documented(
      'Three settings decide about the sessions of an application of AuthKit, under **Applications** in the tab **Sessions**: the maximum session length, which nothing extends; the access token duration; and the inactivity timeout, which each refresh restarts. No source that we read says whether they apply to MCP clients, too.',
      sessions,
    ),
  ],
  ends: [],
  traps: [
    documented(
      'Users that must sign in in the middle of their work have met the maximum session length or the inactivity timeout. The access token duration does not sign anyone out.',
      sessions,
    ),
  ],
}
