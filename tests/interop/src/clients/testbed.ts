import { setTimeout as pause } from 'node:timers/promises'
import type { RefreshIssuancePreset } from '@evergrant/authorization-server'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'

/** The reference servers for third-party clients. */
export interface Testbed extends AsyncDisposable {
  readonly mcpUrl: string
  /** Waits until the issued access tokens have expired. */
  expire(): Promise<void>
  tally(): Tally
}

/** Counts of the reference authorization server. */
export interface Tally {
  readonly signIns: number
  /** Refresh requests answered with a new refresh token. */
  readonly rotated: number
  /** Refresh requests with a superseded token, answered with the same successor. */
  readonly replayed: number
  /** Refresh requests within the overlap, answered with the token they presented. */
  readonly kept: number
  /** Grants revoked because a superseded token was presented too late. */
  readonly reuseDetected: number
}

/** Whether the authorization server uses its default grace and overlap, or none. */
export type Forgiveness = 'default' | 'none'

// The overlap is half of it, enough for eight calls that notice the expiry one after another.
const accessTokenLifetimeSeconds = 6

export async function startTestbed(
  forgiveness: Forgiveness,
  preset: RefreshIssuancePreset,
): Promise<Testbed> {
  const authorizationServer = await startAuthorizationServer({
    demo: true,
    preset,
    accessTokenLifetimeSeconds,
    ...(forgiveness === 'none' ? { graceSeconds: 0, overlapSeconds: 0 } : {}),
  })
  const mcpServer = await startMcpServer({
    authorizationServer: authorizationServer.issuer,
    clockToleranceSeconds: 0,
  })
  return {
    mcpUrl: mcpServer.url,
    expire: () => pause(accessTokenLifetimeSeconds * 1000 + 500),
    tally() {
      const { signIns, refreshTokens } = authorizationServer.stats()
      const { rotated, replayed, kept, reuseDetected } = refreshTokens
      return { signIns, rotated, replayed, kept, reuseDetected }
    },
    async [Symbol.asyncDispose]() {
      await mcpServer.close()
      await authorizationServer.close()
    },
  }
}
