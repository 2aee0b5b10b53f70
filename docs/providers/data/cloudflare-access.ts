import { documented, source } from './provider.ts'
import type { Provider } from './provider.ts'

const managedOauth = source(
  'Managed OAuth',
  'https://github.com/cloudflare/cloudflare-docs/blob/03d4c2f748/src/content/docs/cloudflare-one/access-controls/applications/http-apps/managed-oauth.mdx',
  '2026-11-28',
)

export const cloudflareAccess: Provider = {
  id: 'cloudflare-access',
  name: 'Cloudflare Access',
  exampleIssuer: 'https://mcp.example.com',
  isOpenIdProvider: false,
  emulated: 'cloudflare-access',
  switchOn: [
    documented(
      'In the Cloudflare dashboard, open **Zero Trust > Access controls > Applications**, and edit the application of the MCP server.',
      managedOauth,
    ),
    documented('On the tab **Advanced settings**, turn on **Managed OAuth**.', managedOauth),
    documented(
      'Turn on **Allow loopback clients** and **Allow localhost clients** for programs on a user’s machine, or list the redirect URIs of the clients.',
      managedOauth,
    ),
    documented(
      'Set **Grant session duration** to one or two weeks, and leave **Access token lifetime** at 5 to 15 minutes: the refresh token lasts as long as the grant session.',
      managedOauth,
    ),
    documented(
      'Let the MCP server verify the header `Cf-Access-Jwt-Assertion`. It never sees the token of the client.',
      managedOauth,
    ),
  ],
  comesBack: [
    documented(
      'A token of one domain is valid for all domains of the same application.',
      managedOauth,
    ),
  ],
  lasts: [],
  ends: [],
  traps: [
    documented(
      'Managed OAuth replaces the 401 responses of the application, and with them its own `WWW-Authenticate`. Leave it off for a server that has its own OAuth.',
      managedOauth,
    ),
  ],
  answers: {
    absoluteSeconds: {
      short: 'grant session duration',
      fact: { note: 'the refresh token ends with the grant session duration' },
    },
  },
}
