import { readFile } from 'node:fs/promises'
import type { TokenIntrospection } from '@evergrant/resource-server'
import { InvalidArgumentError, Option } from 'commander'
import { McpServerError } from '../errors.ts'
import { defaults } from '../options.ts'
import type { McpServerOptions } from '../options.ts'
import { variablePrefix } from '../names.ts'

/** The values of the flags, as commander names them. */
export interface ServeFlags {
  readonly authorizationServer?: string
  readonly db?: string
  readonly port: number
  readonly host: string
  readonly resource?: string
  readonly clockTolerance?: number
  readonly jwksUri?: string
  readonly tokenType?: readonly string[]
  readonly audience?: readonly string[]
  readonly scopeClaim?: string
  readonly dpop?: 'accepted' | 'required'
  readonly introspect?: 'opaque' | 'all'
  readonly introspectionClientId?: string
  readonly introspectionClientSecretFile?: string
  readonly introspectionEndpoint?: string
  readonly allowedOrigin?: readonly string[]
  readonly rateLimit: number
  readonly refusalLimit: number
  readonly trustProxy: number
  readonly shutdownTimeout: number
  readonly conformance?: true
  readonly json?: true
}

/** Each option can also be set by an environment variable. A list is separated by spaces there. */
export function serveOptions(): readonly Option[] {
  return [
    option('--authorization-server <issuer>', 'issuer whose access tokens are accepted'),
    option('--db <file>', 'SQLite file with the notes; without it, they are in memory'),
    option('--port <port>', 'port to listen on, 0 for any free port')
      .argParser(parsePort)
      .default(defaults.port),
    option('--host <host>', 'address to listen on').default(defaults.host),
    option('--resource <url>', 'the public URL, if clients connect through a proxy'),
    ...tokenOptions(),
    option(
      '--allowed-origin <origin>',
      'origin of pages that may call this server, besides those of this machine; repeatable',
    ).argParser(collect),
    option('--rate-limit <messages>', 'messages that one user may send in a minute, 0 for no limit')
      .argParser(parseCount)
      .default(defaults.maximumMessagesPerMinute),
    option(
      '--refusal-limit <requests>',
      'requests without a valid token from one network in a minute, 0 for no limit',
    )
      .argParser(parseCount)
      .default(defaults.maximumRefusalsPerMinute),
    option(
      '--trust-proxy <count>',
      'proxies in front of this server that append to X-Forwarded-For',
    )
      .argParser(parseCount)
      .default(defaults.trustedProxies),
    option('--shutdown-timeout <seconds>', 'how long to wait for requests under way')
      .argParser(parseSeconds)
      .default(defaults.shutdownTimeoutMilliseconds / 1000),
    new Option(
      '--conformance',
      'instead of notes, serve the official conformance suite, without authorization and on loopback only',
    ).conflicts(['authorizationServer', 'db', 'resource']),
  ]
}

/** Which tokens are accepted. */
function tokenOptions(): readonly Option[] {
  return [
    option('--clock-tolerance <seconds>', 'allowed difference between clocks').argParser(
      parseSeconds,
    ),
    option('--jwks-uri <url>', "URL of the issuer's keys, if its metadata does not name it"),
    option(
      '--token-type <type>',
      'accepted "typ" of tokens instead of at+jwt, such as jwt; absent for tokens without it; repeatable',
    ).argParser(collect),
    option(
      '--audience <audience>',
      'accepted "aud" of tokens besides the URL of this server; repeatable',
    ).argParser(collect),
    option('--scope-claim <name>', 'claim with the scopes, if not "scope" or "scp"'),
    option(
      '--dpop <use>',
      'tokens that are bound to a key (RFC 9449): accepted, or required; without it, they are refused',
    ).choices(['accepted', 'required']),
    option(
      '--introspect <tokens>',
      'ask the authorization server (RFC 7662) about opaque tokens, or about all',
    ).choices(['opaque', 'all']),
    option('--introspection-client-id <id>', 'ID of this server at the authorization server'),
    option('--introspection-client-secret-file <file>', 'file with the secret of that ID'),
    option(
      '--introspection-endpoint <url>',
      'URL for introspection, if the metadata of the issuer does not name it',
    ),
  ]
}

/** @throws {McpServerError} `OPTION_INVALID` if introspection is incomplete or its secret cannot be read. */
export async function serverOptions(
  authorizationServer: string,
  flags: ServeFlags,
): Promise<McpServerOptions> {
  const { port, host, resource, db, jwksUri, scopeClaim, dpop } = flags
  const introspection = await readIntrospection(flags)
  const { clockTolerance, tokenType, audience, allowedOrigin } = flags
  return {
    authorizationServer,
    port,
    host,
    trustedProxies: flags.trustProxy,
    maximumMessagesPerMinute: flags.rateLimit,
    maximumRefusalsPerMinute: flags.refusalLimit,
    shutdownTimeoutMilliseconds: Math.round(flags.shutdownTimeout * 1000),
    ...(resource === undefined ? {} : { resource }),
    ...(db === undefined ? {} : { databasePath: db }),
    ...(jwksUri === undefined ? {} : { jwksUri }),
    ...(scopeClaim === undefined ? {} : { scopeClaim }),
    ...(dpop === undefined ? {} : { dpop: { isRequired: dpop === 'required' } }),
    ...(introspection === undefined ? {} : { introspection }),
    ...(clockTolerance === undefined ? {} : { clockToleranceSeconds: clockTolerance }),
    ...(tokenType === undefined ? {} : { tokenTypes: tokenType }),
    ...(audience === undefined ? {} : { additionalAudiences: audience }),
    ...(allowedOrigin === undefined ? {} : { allowedOrigins: allowedOrigin }),
  }
}

async function readIntrospection(flags: ServeFlags): Promise<TokenIntrospection | undefined> {
  const { introspect: tokens, introspectionClientId: clientId } = flags
  const { introspectionClientSecretFile: file, introspectionEndpoint: endpoint } = flags
  if (tokens === undefined) {
    if (clientId === undefined && file === undefined && endpoint === undefined) return undefined
    throw incomplete('--introspect is missing. Set it to opaque or all')
  }
  if (clientId === undefined || file === undefined) {
    throw incomplete(
      'introspection needs credentials. Set --introspection-client-id and ' +
        '--introspection-client-secret-file',
    )
  }
  const clientSecret = (await readSecret(file)).trim()
  return { tokens, clientId, clientSecret, ...(endpoint === undefined ? {} : { endpoint }) }
}

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'error'
    throw new McpServerError(
      'OPTION_INVALID',
      `Cannot read the file of --introspection-client-secret-file: ${code}. Check the path.`,
      { cause },
    )
  }
}

function incomplete(what: string): McpServerError {
  return new McpServerError(
    'OPTION_INVALID',
    `The options for introspection are incomplete: ${what}.`,
  )
}

function option(flags: string, help: string): Option {
  const created = new Option(flags, help)
  return created.env(`${variablePrefix}${created.name().toUpperCase().replaceAll('-', '_')}`)
}

function parsePort(value: string): number {
  const port = Number(value)
  if (/^\d+$/.test(value) && port <= 65_535) return port
  throw new InvalidArgumentError('Expected a port from 0 to 65535.')
}

function parseCount(value: string): number {
  const count = Number(value)
  if (/^\d+$/.test(value) && Number.isSafeInteger(count)) return count
  throw new InvalidArgumentError('Expected a whole number from 0.')
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(' ').filter((entry) => entry !== '')]
}

function parseSeconds(value: string): number {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value)
  throw new InvalidArgumentError('Expected a number of seconds.')
}
