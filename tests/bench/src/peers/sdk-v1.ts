import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformation, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { fileProvider } from './file-provider.ts'
import type { ConnectedPeer, PeerSettings } from './peer.ts'

/** `@modelcontextprotocol/sdk` 1.x with its own OAuth. */
export async function connectSdkV1({
  serverUrl,
  issuer,
  folder,
}: PeerSettings): Promise<ConnectedPeer> {
  const provider = fileProvider<OAuthTokens, OAuthClientInformation & { issuer: string }>(folder, {
    client_id: 'client-1',
    issuer,
  })
  const client = new Client({ name: 'bench', version: '1.0.0' })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(serverUrl), { authProvider: provider }),
  )
  return { call: () => client.callTool({ name: 'ping' }), signIns: provider.signIns }
}
