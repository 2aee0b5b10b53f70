import { createServer } from 'node:http'
import { cleanRemoteText } from '@evergrant/core'
import { assertAllowedOrigins, createResourceServer } from '@evergrant/resource-server'
import type { Clock, ResourceServer } from '@evergrant/resource-server'
import { createNodeListener } from '@evergrant/resource-server/node'
import { basicScopes, scopeImplications } from './access/operation-scopes.ts'
import { admittedOrigins } from './access/origins.ts'
import { createMcpEndpoint } from './http/endpoint.ts'
import type { McpEndpointOptions } from './http/endpoint.ts'
import { newExchange } from './http/exchange.ts'
import { listen, stopAccepting } from './http/listen.ts'
import { createRateLimiter } from './http/rate-limiter.ts'
import { trackRequests } from './http/requests-under-way.ts'
import { openNotesStore } from './notes/sqlite-notes.ts'
import { assertOptions, defaults } from './options.ts'
import type { McpServerOptions } from './options.ts'
import { withoutThrowing } from './telemetry/log.ts'
import type { Log } from './telemetry/log.ts'
import { logWhenClosed } from './telemetry/request-log.ts'
import { createStatsRecorder } from './telemetry/stats.ts'
import type { McpServerStats } from './telemetry/stats.ts'
import { resourceTitle } from './names.ts'

/** A running MCP server. */
export interface RunningMcpServer extends AsyncDisposable {
  /** The URL it listens on, with the endpoint's path. */
  readonly url: string
  /** The resource identifier: the required audience of access tokens. */
  readonly resource: string
  readonly metadataUrl: string
  stats(): McpServerStats
  /**
   * Stops listening, waits for requests under way, closes all connections, then the database. Calling
   * it again has no effect.
   */
  close(): Promise<void>
}

const largestBodyBytes = 262_144
const longestHeadMilliseconds = 10_000

/**
 * Starts the MCP server.
 *
 * @example
 * ```ts
 * await using server = await startMcpServer({ authorizationServer: as.issuer })
 * ```
 *
 * @throws {McpServerError} `OPTION_INVALID`, `LISTEN_FAILED`, `STORE_UNAVAILABLE`.
 * @throws {ResourceServerError} For an issuer or resource that cannot be used.
 */
export async function startMcpServer(options: McpServerOptions): Promise<RunningMcpServer> {
  const { port = defaults.port, host = defaults.host } = options
  assertOptions(options)
  const log = withoutThrowing(options.log ?? (() => {}))
  const clock = options.clock ?? { nowEpochSeconds: () => Date.now() / 1000 }
  const store = openNotesStore(options.databasePath ?? ':memory:', {
    clock,
    observeFailure: (error) =>
      log({ level: 'error', event: 'notes.failed', detail: detail(error) }),
  })
  const { requestTimeoutMilliseconds = defaults.requestTimeoutMilliseconds } = options
  // Limits how long a stalled client can hold its connection, with or without a valid token.
  const server = createServer({
    requestTimeout: requestTimeoutMilliseconds,
    headersTimeout: Math.min(requestTimeoutMilliseconds, longestHeadMilliseconds),
    connectionsCheckingInterval: Math.min(requestTimeoutMilliseconds, 5000),
  })
  try {
    const origin = await listen(server, port, host)
    // A connection may fail to be accepted, for example without free file descriptors. Without a
    // listener, this error would end the process and all other connections.
    server.on('error', (error) => {
      log({ level: 'error', event: 'server.failed', detail: detail(error) })
    })
    const resource = options.resource ?? `${origin}/mcp`
    const resourceServer = protectNotes(resource, options)
    const stats = createStatsRecorder()
    const endpoint = createMcpEndpoint(resourceServer, {
      store,
      stats,
      ...limitersOf(options, clock),
      observeUnverifiable: oncePerMessage(log),
      observeProblem: (error) =>
        log({ level: 'warn', event: 'request.problem', detail: detail(error) }),
    })
    const requests = trackRequests()
    const { trustedProxies = defaults.trustedProxies } = options
    server.on('request', (incoming, outgoing) => {
      const exchange = newExchange(incoming, trustedProxies)
      outgoing.setHeader('x-request-id', exchange.id)
      requests.add(outgoing, exchange)
      logWhenClosed(outgoing, exchange, log)
      const listener = createNodeListener((request) => endpoint.fetch(request, exchange), {
        maximumBodyBytes: largestBodyBytes,
        resourceServer,
        onError(error) {
          stats.answered(500)
          log({ level: 'error', event: 'request.failed', id: exchange.id, detail: detail(error) })
        },
      })
      listener(incoming, outgoing)
    })
    async function shutDown(): Promise<void> {
      const closed = stopAccepting(server)
      await requests.whenDone(
        options.shutdownTimeoutMilliseconds ?? defaults.shutdownTimeoutMilliseconds,
      )
      await endpoint.close()
      server.closeAllConnections()
      await closed
      store.close()
    }
    let closing: Promise<void> | undefined
    const close = (): Promise<void> => (closing ??= shutDown())
    return {
      url: `${origin}${new URL(resource).pathname}`,
      resource,
      metadataUrl: resourceServer.metadataUrl,
      stats: () => stats.read(),
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    server.close()
    store.close()
    throw error
  }
}

function protectNotes(resource: string, options: McpServerOptions): ResourceServer {
  const { authorizationServer: issuer, jwksUri, introspection, ...others } = options
  const { allowedOrigins = [], ...tokenOptions } = others
  assertAllowedOrigins(allowedOrigins)
  const trusted = {
    issuer,
    ...(jwksUri === undefined ? {} : { jwksUri }),
    ...(introspection === undefined ? {} : { introspection }),
  }
  return createResourceServer(resource, [trusted], {
    ...tokenOptions,
    allowedOrigins: admittedOrigins(resource, allowedOrigins),
    scopesSupported: basicScopes,
    scopeImplications,
    resourceName: resourceTitle,
  })
}

function limitersOf(
  options: McpServerOptions,
  clock: Clock,
): Pick<McpEndpointOptions, 'callLimiter' | 'refusalLimiter'> {
  const {
    maximumMessagesPerMinute = defaults.maximumMessagesPerMinute,
    maximumRefusalsPerMinute = defaults.maximumRefusalsPerMinute,
  } = options
  return {
    callLimiter: createRateLimiter(maximumMessagesPerMinute, clock),
    refusalLimiter: createRateLimiter(maximumRefusalsPerMinute, clock),
  }
}

/** During an outage, every request has the same reason. */
function oncePerMessage(log: Log): (cause: Error) => void {
  let last: string | undefined
  return ({ message }) => {
    if (message === last) return
    last = message
    log({ level: 'warn', event: 'token.not_verified', detail: message })
  }
}

/** The message of an error, short enough for a log line. */
function detail(error: unknown): string | undefined {
  return cleanRemoteText(error instanceof Error ? error.message : String(error), 200)
}
