import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { isLoopbackHost } from '@evergrant/core'
import { assertAllowedOrigins, createResourceServer } from '@evergrant/resource-server'
import type { ResourceServer, ResourceServerOptions } from '@evergrant/resource-server'
import { createNodeListener } from '@evergrant/resource-server/node'
import { createMcpEndpoint } from './endpoint.ts'
import { McpServerError } from './errors.ts'
import { admittedOrigins } from './origins.ts'
import { basicScopes, scopeImplications } from './scopes.ts'
import { createStatsRecorder } from './stats.ts'
import type { McpServerStats } from './stats.ts'

/** Options of {@link startMcpServer}. */
export interface McpServerOptions extends Pick<
  ResourceServerOptions,
  'additionalAudiences' | 'clock' | 'clockToleranceSeconds' | 'fetch' | 'scopeClaim' | 'tokenTypes'
> {
  /** Issuer of the authorization server whose tokens are accepted. */
  readonly authorizationServer: string
  /** The URL of its keys. Default: `jwks_uri` of its metadata. */
  readonly jwksUri?: string
  /**
   * Origins of pages that may call the server, besides those of this machine and of the resource's
   * host. Default: none.
   */
  readonly allowedOrigins?: readonly string[]
  /** Default 0, any free port. */
  readonly port?: number
  /** Default `127.0.0.1`. An address other than loopback requires `resource`. */
  readonly host?: string
  /** The public URL, if clients connect through a TLS proxy. Its path is the endpoint's path. */
  readonly resource?: string
  /** How long a client may take to send a request, including its body. Default 30,000. */
  readonly requestTimeoutMilliseconds?: number
  /**
   * Receives why tokens cannot be verified, such as unusable metadata of the authorization server. Called
   * once for each reason. Default: none.
   */
  readonly log?: (message: string) => void
}

/** A running MCP server. */
export interface RunningMcpServer extends AsyncDisposable {
  /** The URL it listens on, with the endpoint's path. */
  readonly url: string
  /** The resource identifier: the required audience of access tokens. */
  readonly resource: string
  readonly metadataUrl: string
  stats(): McpServerStats
  /** Stops listening and closes all connections. Calling it again has no effect. */
  close(): Promise<void>
}

const largestBodyBytes = 262_144
const longestHeadMilliseconds = 10_000

/**
 * Starts the MCP server.
 *
 * @throws {McpServerError} `OPTION_INVALID`, `LISTEN_FAILED`.
 * @throws {ResourceServerError} For an issuer or resource that cannot be used.
 */
export async function startMcpServer(options: McpServerOptions): Promise<RunningMcpServer> {
  const { port = 0, host = '127.0.0.1', requestTimeoutMilliseconds = 30_000, log } = options
  if (!isLoopbackHost(host) && options.resource === undefined) {
    throw new McpServerError(
      'OPTION_INVALID',
      `The option host is ${JSON.stringify(host)}, which other machines can reach, but resource is ` +
        'missing. Set resource to the https URL that clients use, or listen on 127.0.0.1.',
    )
  }
  // Limits how long a stalled client can hold its connection, with or without a valid token.
  const server = createServer({
    requestTimeout: requestTimeoutMilliseconds,
    headersTimeout: Math.min(requestTimeoutMilliseconds, longestHeadMilliseconds),
    connectionsCheckingInterval: Math.min(requestTimeoutMilliseconds, 5000),
  })
  const origin = await listen(server, port, host)
  // A connection may fail to be accepted, for example without free file descriptors. Without a
  // listener, this error would end the process and all other connections.
  server.on('error', () => undefined)
  try {
    const resource = options.resource ?? `${origin}/mcp`
    const stats = createStatsRecorder()
    const resourceServer = protectNotes(resource, options)
    const endpoint = createMcpEndpoint(resourceServer, stats, oncePerMessage(log))
    server.on(
      'request',
      createNodeListener((request) => endpoint.fetch(request), {
        maximumBodyBytes: largestBodyBytes,
        resourceServer,
        onError: () => stats.answered(500),
      }),
    )
    const close = closeOnce(server, () => endpoint.close())
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
    throw error
  }
}

function protectNotes(resource: string, options: McpServerOptions): ResourceServer {
  const { authorizationServer: issuer, jwksUri, allowedOrigins = [], ...tokenOptions } = options
  assertAllowedOrigins(allowedOrigins)
  const trusted = jwksUri === undefined ? { issuer } : { issuer, jwksUri }
  return createResourceServer(resource, [trusted], {
    ...tokenOptions,
    allowedOrigins: admittedOrigins(resource, allowedOrigins),
    scopesSupported: basicScopes,
    scopeImplications,
    resourceName: 'Evergrant notes',
  })
}

/** During an outage, every request has the same reason. */
function oncePerMessage(log: McpServerOptions['log']): (message: string) => void {
  let last: string | undefined
  return (message) => {
    if (message === last) return
    last = message
    log?.(message)
  }
}

async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const message =
        `Cannot listen on port ${port} of ${JSON.stringify(host)}: ${cause.code ?? 'error'}. ` +
        'Choose another port, or 0 for any free port.'
      reject(new McpServerError('LISTEN_FAILED', message, { cause }))
    }
    server.once('error', refuse)
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
  const address = server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`
}

function closeOnce(server: Server, closeEndpoint: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    await closeEndpoint()
    server.closeAllConnections()
    await closed
  }
  return () => (closing ??= close())
}
