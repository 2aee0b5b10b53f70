import { auth, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type {
  OAuthClientInformationFull,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js'
import { memoryProvider } from './provider.ts'
import type { ToolCaller } from './tool-caller.ts'

/** `@modelcontextprotocol/sdk` 1.x with its own OAuth. */
export async function connectSdkV1(mcpUrl: string): Promise<ToolCaller> {
  const authProvider = memoryProvider<OAuthClientInformationFull, OAuthTokens>()
  const transport = () => new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider })
  const client = new Client({ name: 'interop', version: '1.0.0' })
  const first = transport()
  try {
    await client.connect(first)
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await first.finishAuth((await authProvider.callback()).get('code') ?? '')
    await client.connect(transport())
  }
  return toolCaller(client, authProvider.tokens)
}

/**
 * The same client in an application that calls `auth` itself: it requests `offline_access`, and does
 * not declare the grant.
 */
export async function connectUndeclaredSdkV1(mcpUrl: string): Promise<ToolCaller> {
  const authProvider = memoryProvider<OAuthClientInformationFull, OAuthTokens>([
    'authorization_code',
  ])
  const options = { serverUrl: mcpUrl, scope: 'mcp:read offline_access' }
  await auth(authProvider, options)
  const authorizationCode = (await authProvider.callback()).get('code') ?? ''
  await auth(authProvider, { ...options, authorizationCode })
  const client = new Client({ name: 'interop', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider }))
  return toolCaller(client, authProvider.tokens)
}

function toolCaller(client: Client, tokens: () => OAuthTokens | undefined): ToolCaller {
  return {
    call: async () => {
      await client.callTool({ name: 'notes_list', arguments: {} })
    },
    hasRefreshToken: () => tokens()?.refresh_token !== undefined,
    close: () => client.close(),
  }
}
