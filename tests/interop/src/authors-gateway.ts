import { setTimeout as pause } from 'node:timers/promises'
import type { RefreshIssuancePreset } from '@evergrant/authorization-server'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startMcpServer } from '@evergrant/reference-mcp-server'
import type { GatewayRequest } from '@evergrant/test-kit'
import { startGateway } from '@evergrant/test-kit'

/** Options of {@link startAuthorsGateway}. */
export interface AuthorsGatewayOptions {
  /** Default: the one of the reference authorization server. */
  readonly preset?: RefreshIssuancePreset
  readonly accessTokenLifetimeSeconds: number
  /** `none`: strict rotation. Default: the grace and overlap of the reference authorization server. */
  readonly forgiveness?: 'default' | 'none'
}

/** What clients did at the gateway, as its servers and its log count it. */
export interface AuthorsGatewayTally {
  readonly signIns: number
  readonly refreshTokensIssued: number
  /** Refresh requests that were answered with tokens. */
  readonly refreshes: number
  readonly refusedRefreshes: number
  readonly reuseDetected: number
}

/** What a client sent on its first sign-in. */
export interface ClientSignals {
  /** `grant_types` of the registration; empty without the member. */
  readonly grantTypes: readonly string[]
  /** `scope` of the first authorization request. */
  readonly requestedScope: string
}

/** The running gateway. */
export interface AuthorsGateway extends AsyncDisposable {
  readonly origin: string
  readonly mcpUrl: string
  /** Waits until the access tokens issued so far have expired. */
  expire(): Promise<void>
  tally(): AuthorsGatewayTally
  signals(): ClientSignals
}

/**
 * The arrangement of the authors of SEP-2207: one gateway is the authorization server and the MCP
 * server, at one origin. Only the metadata of the authorization server lists `offline_access`. The
 * challenges and the protected resource metadata do not.
 */
export async function startAuthorsGateway(options: AuthorsGatewayOptions): Promise<AuthorsGateway> {
  const { accessTokenLifetimeSeconds, forgiveness = 'default', preset } = options
  const gateway = await startGateway()
  const authorizationServer = await startAuthorizationServer({
    demo: true,
    issuer: gateway.origin,
    accessTokenLifetimeSeconds,
    ...(preset === undefined ? {} : { preset }),
    ...(forgiveness === 'none' ? { graceSeconds: 0, overlapSeconds: 0 } : {}),
  })
  gateway.route(['/'], authorizationServer.url)
  const mcpServer = await startMcpServer({
    authorizationServer: gateway.origin,
    resource: `${gateway.origin}/mcp`,
    clockToleranceSeconds: 0,
  })
  gateway.route(['/mcp', '/.well-known/oauth-protected-resource'], new URL(mcpServer.url).origin)
  return {
    origin: gateway.origin,
    mcpUrl: mcpServer.resource,
    // The servers count in whole seconds.
    expire: () => pause(accessTokenLifetimeSeconds * 1000 + 500),
    tally() {
      const { signIns, tokenRequests, refreshTokens } = authorizationServer.stats()
      const { success = 0, ...refused } = tokenRequests['refresh_token'] ?? {}
      return {
        signIns,
        refreshTokensIssued: refreshTokens.issued,
        refreshes: success,
        refusedRefreshes: Object.values(refused).reduce((sum, count) => sum + count, 0),
        reuseDetected: refreshTokens.reuseDetected,
      }
    },
    signals: () => signalsOf(gateway.requests()),
    async [Symbol.asyncDispose]() {
      await gateway.close()
      await mcpServer.close()
      await authorizationServer.close()
    },
  }
}

function signalsOf(requests: readonly GatewayRequest[]): ClientSignals {
  const registration = requests.find(({ json }) => hasMember(json, 'redirect_uris'))?.json
  const grantTypes = hasMember(registration, 'grant_types') ? registration.grant_types : []
  const authorization = requests.find(({ query }) => query['response_type'] === 'code')
  return {
    grantTypes: Array.isArray(grantTypes) ? grantTypes.map(String) : [],
    requestedScope: authorization?.query['scope'] ?? '',
  }
}

function hasMember<Name extends string>(
  value: unknown,
  name: Name,
): value is Readonly<Record<Name, unknown>> {
  return typeof value === 'object' && value !== null && name in value
}
