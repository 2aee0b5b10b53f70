import { setTimeout as pause } from 'node:timers/promises'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'

/** The reference servers, as somebody else's client meets them. */
export interface Testbed extends AsyncDisposable {
  readonly mcpUrl: string
  /** Waits until the access tokens handed out so far have expired. */
  expire(): Promise<void>
  tally(): Tally
}

/** What the reference authorization server has counted. */
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

/** What the authorization server forgives. */
export type Forgiveness = 'as-it-comes' | 'none'

// Half of it is the overlap: time for eight calls to meet the expiry one after the other.
const accessTokenLifetimeSeconds = 6

export async function startTestbed(forgiveness: Forgiveness): Promise<Testbed> {
  const authorizationServer = await startAuthorizationServer({
    demo: true,
    preset: 'either',
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
