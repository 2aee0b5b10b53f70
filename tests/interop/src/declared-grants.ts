import type { RefreshIssuancePreset } from '@evergrant/authorization-server'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import { connectSdkV1, connectUndeclaredSdkV1 } from './clients/sdk-v1.ts'
import { connectSdkV2 } from './clients/sdk-v2.ts'
import type { ToolCaller } from './clients/tool-caller.ts'

/** One sign-in of a third-party client. */
export interface DeclaredGrantsTrial {
  readonly client: string
  readonly connect: (mcpUrl: string) => Promise<ToolCaller>
  readonly preset: RefreshIssuancePreset
  /** Which of the two signals it sends. */
  readonly declaresGrant: 'yes' | 'no'
  readonly requestsOfflineAccess: 'yes' | 'no'
  /** Expected. */
  readonly refreshToken: 'issued' | 'not issued'
}

const sdkV2 = '@modelcontextprotocol/client'
const sdkV1 = '@modelcontextprotocol/sdk'
const codeOnly = ['authorization_code']

export const declaredGrantsTrials: readonly DeclaredGrantsTrial[] = [
  {
    client: sdkV2,
    connect: connectSdkV2,
    preset: 'oidc',
    declaresGrant: 'yes',
    requestsOfflineAccess: 'yes',
    refreshToken: 'issued',
  },
  {
    client: sdkV2,
    connect: (mcpUrl) => connectSdkV2(mcpUrl, codeOnly),
    preset: 'oidc',
    declaresGrant: 'no',
    requestsOfflineAccess: 'no',
    refreshToken: 'not issued',
  },
  {
    client: sdkV1,
    connect: connectSdkV1,
    preset: 'oidc',
    declaresGrant: 'yes',
    requestsOfflineAccess: 'no',
    refreshToken: 'not issued',
  },
  {
    client: sdkV1,
    connect: connectSdkV1,
    preset: 'oauth21',
    declaresGrant: 'yes',
    requestsOfflineAccess: 'no',
    refreshToken: 'issued',
  },
  {
    client: sdkV1,
    connect: connectUndeclaredSdkV1,
    preset: 'oidc',
    declaresGrant: 'no',
    requestsOfflineAccess: 'yes',
    refreshToken: 'not issued',
  },
  {
    client: sdkV1,
    connect: connectUndeclaredSdkV1,
    preset: 'either',
    declaresGrant: 'no',
    requestsOfflineAccess: 'yes',
    refreshToken: 'issued',
  },
]

/** Signs the client in and calls a tool. Returns whether it got a refresh token. */
export async function tryDeclaredGrants({
  connect,
  preset,
}: DeclaredGrantsTrial): Promise<DeclaredGrantsTrial['refreshToken']> {
  const authorizationServer = await startAuthorizationServer({ demo: true, preset })
  const mcpServer = await startMcpServer({ authorizationServer: authorizationServer.issuer })
  try {
    const client = await connect(mcpServer.url)
    await client.call()
    const refreshToken = client.hasRefreshToken() === true ? 'issued' : 'not issued'
    await client.close()
    return refreshToken
  } finally {
    await mcpServer.close()
    await authorizationServer.close()
  }
}
