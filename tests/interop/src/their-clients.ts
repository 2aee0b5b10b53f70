import { defaultRefreshIssuancePolicy } from '@evergrant/authorization-server'
import type { RefreshIssuancePreset } from '@evergrant/authorization-server'
import { connectMcpRemote } from './clients/mcp-remote.ts'
import { connectSdkV1 } from './clients/sdk-v1.ts'
import { connectSdkV2 } from './clients/sdk-v2.ts'
import type { ToolCaller } from './clients/tool-caller.ts'
import type { Forgiveness, Tally } from './clients/testbed.ts'
import { startTestbed } from './clients/testbed.ts'

/** A third-party client, with the preset of the server that it signs in at. */
export interface TheirClient {
  readonly connect: (mcpUrl: string) => Promise<ToolCaller>
  readonly preset: RefreshIssuancePreset
}

/** The third-party clients, by package. */
export const theirClients: Readonly<Record<string, TheirClient>> = {
  // It declares the grant and never requests offline_access, so the default preset gives it none.
  '@modelcontextprotocol/sdk': { connect: connectSdkV1, preset: 'oauth21' },
  '@modelcontextprotocol/client': { connect: connectSdkV2, preset: defaultRefreshIssuancePolicy },
  'mcp-remote': { connect: connectMcpRemote, preset: defaultRefreshIssuancePolicy },
}

/** The result of a client over expiries with eight concurrent calls. */
export interface TheirClientResult extends Tally {
  readonly failedCalls: number
}

/** Number of expiries, and of concurrent calls at each. */
export const expiries = 2
export const callers = 8

/** Signs a client in at the reference servers and lets its access tokens expire. */
export async function tryClient(
  { connect, preset }: TheirClient,
  forgiveness: Forgiveness,
): Promise<TheirClientResult> {
  await using testbed = await startTestbed(forgiveness, preset)
  const client = await connect(testbed.mcpUrl)
  try {
    await client.call()
    let failedCalls = 0
    for (let expiry = 0; expiry < expiries; expiry += 1) {
      await testbed.expire()
      const answers = await Promise.allSettled(Array.from({ length: callers }, () => client.call()))
      failedCalls += answers.filter(({ status }) => status === 'rejected').length
    }
    return { ...testbed.tally(), failedCalls }
  } finally {
    await client.close()
  }
}
