import type { OAuthClientInformationFull, OAuthTokens } from '@modelcontextprotocol/client'
import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { memoryProvider } from './provider.ts'
import type { ToolCaller } from './tool-caller.ts'

/**
 * `@modelcontextprotocol/client` 2.x with its own OAuth.
 *
 * @param grantTypes - What it declares in its registration. Default: both grants.
 */
export async function connectSdkV2(
  mcpUrl: string,
  grantTypes?: readonly string[],
): Promise<ToolCaller> {
  const authProvider = memoryProvider<OAuthClientInformationFull, OAuthTokens>(grantTypes)
  const transport = () => new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider })
  const client = new Client({ name: 'interop', version: '1.0.0' })
  const first = transport()
  try {
    await client.connect(first)
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await first.finishAuth(await authProvider.callback())
    await client.connect(transport())
  }
  return {
    call: async () => {
      await client.callTool({ name: 'notes_list', arguments: {} })
    },
    hasRefreshToken: () => authProvider.tokens()?.refresh_token !== undefined,
    close: () => client.close(),
  }
}
