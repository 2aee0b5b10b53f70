import { isLoopbackHost } from '@evergrant/core/network'
import type { ResourceServerOptions, TokenIntrospection } from '@evergrant/resource-server'
import { McpServerError } from './errors.ts'
import type { Log } from './telemetry/log.ts'

/** Options of {@link startMcpServer}. */
export interface McpServerOptions extends Pick<
  ResourceServerOptions,
  | 'additionalAudiences'
  | 'clock'
  | 'clockToleranceSeconds'
  | 'dpop'
  | 'fetch'
  | 'isDenied'
  | 'scopeClaim'
  | 'tokenTypes'
> {
  /** Issuer of the authorization server whose tokens are accepted. */
  readonly authorizationServer: string
  /** The URL of its keys. Default: `jwks_uri` of its metadata. */
  readonly jwksUri?: string
  /** Asks it about opaque tokens, or about all tokens. Default: only JWTs are accepted. */
  readonly introspection?: TokenIntrospection
  /** Path of the SQLite file with the notes. Default: in memory, and lost when the server stops. */
  readonly databasePath?: string
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
   * How many messages a user or client may send in a minute, before it gets 429. Default 6,000. With 0,
   * there is no limit.
   */
  readonly maximumMessagesPerMinute?: number
  /**
   * How many requests without a valid token a network may send in a minute, before all its requests get
   * 429. Default 300. With 0, there is no limit.
   */
  readonly maximumRefusalsPerMinute?: number
  /**
   * How many proxies are in front of the server. Each appends the address of its caller to
   * `X-Forwarded-For`, which is the network that `maximumRefusalsPerMinute` counts. Default 0.
   */
  readonly trustedProxies?: number
  /** How long {@link RunningMcpServer.close} waits for requests under way. Default 5,000. */
  readonly shutdownTimeoutMilliseconds?: number
  /** Receives one entry per request, and problems. Default: none. */
  readonly log?: Log
}

/** Defaults that the command line shows. */
export const defaults = {
  host: '127.0.0.1',
  port: 0,
  requestTimeoutMilliseconds: 30_000,
  maximumMessagesPerMinute: 6000,
  maximumRefusalsPerMinute: 300,
  trustedProxies: 0,
  shutdownTimeoutMilliseconds: 5000,
} as const

const longestTimeoutMilliseconds = 3_600_000

/**
 * Checks the options of this server. `createResourceServer` checks those that it gets.
 *
 * @throws {McpServerError} `OPTION_INVALID`
 */
export function assertOptions(options: McpServerOptions): void {
  const { host = defaults.host, resource } = options
  if (!isLoopbackHost(host) && resource === undefined) {
    throw new McpServerError(
      'OPTION_INVALID',
      `The option host is ${JSON.stringify(host)}, which other machines can reach, but resource is ` +
        'missing. Set resource to the https URL that clients use, or listen on 127.0.0.1.',
    )
  }
  for (const name of [
    'maximumMessagesPerMinute',
    'maximumRefusalsPerMinute',
    'trustedProxies',
  ] as const) {
    assertWholeNumber(name, options[name] ?? 0, Number.MAX_SAFE_INTEGER)
  }
  for (const name of ['requestTimeoutMilliseconds', 'shutdownTimeoutMilliseconds'] as const) {
    assertWholeNumber(name, options[name] ?? 0, longestTimeoutMilliseconds)
  }
}

function assertWholeNumber(name: string, value: number, maximum: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= maximum) return
  throw new McpServerError(
    'OPTION_INVALID',
    `The option ${name} is ${value} (expected a whole number from 0 to ${maximum}). Correct it.`,
  )
}
