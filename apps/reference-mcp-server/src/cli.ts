import { ResourceServerError } from '@evergrant/resource-server'
import { Command, InvalidArgumentError, Option } from 'commander'
import { McpServerError } from './errors.ts'
import { startMcpServer } from './server.ts'
import type { McpServerOptions, RunningMcpServer } from './server.ts'

/** The output of the command line, and what stops it. */
export interface CliSurroundings {
  writeOut(text: string): void
  writeError(text: string): void
  /** Resolves when the server must stop. */
  untilStopped(): Promise<void>
}

interface ServeOptions {
  readonly authorizationServer: string
  readonly port: number
  readonly host: string
  readonly resource?: string
  readonly clockTolerance?: number
  readonly jwksUri?: string
  readonly tokenType?: readonly string[]
  readonly audience?: readonly string[]
  readonly scopeClaim?: string
  readonly allowedOrigin?: readonly string[]
  readonly json?: true
}

/**
 * Runs the command line.
 *
 * @param args - Arguments without the program's name.
 * @returns The exit code: 0 done, 2 usage, 4 the server could not listen or failed.
 */
export async function runCli(
  args: readonly string[],
  surroundings: CliSurroundings,
): Promise<number> {
  const program = new Command('evergrant-mcp-server')
    .description('An MCP server whose tools need three scopes')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => surroundings.writeOut(text),
      writeErr: (text) => surroundings.writeError(text),
    })
  const serveCommand = program
    .command('serve')
    .description('run the server until SIGINT or SIGTERM')
  for (const option of serveOptions()) serveCommand.addOption(option)
  serveCommand
    .option('--json', 'print one JSON document instead of text')
    .action((options: ServeOptions) => serve(options, surroundings))
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return exitCode(error, surroundings)
  }
}

/** Each option can also be set by an environment variable. A list is separated by spaces there. */
function serveOptions(): readonly Option[] {
  const option = (flags: string, help: string): Option => {
    const created = new Option(flags, help)
    return created.env(`EVERGRANT_MCP_${created.name().toUpperCase().replaceAll('-', '_')}`)
  }
  return [
    option(
      '--authorization-server <issuer>',
      'issuer whose access tokens are accepted',
    ).makeOptionMandatory(),
    option('--port <port>', 'port to listen on, 0 for any free port')
      .argParser(parsePort)
      .default(0),
    option('--host <host>', 'address to listen on').default('127.0.0.1'),
    option('--resource <url>', 'the public URL, if clients connect through a proxy'),
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
      '--allowed-origin <origin>',
      'origin of pages that may call this server, besides those of this machine; repeatable',
    ).argParser(collect),
  ]
}

async function serve(options: ServeOptions, surroundings: CliSurroundings): Promise<void> {
  await using server = await startMcpServer({
    ...serverOptions(options),
    log: (message) => surroundings.writeError(`${message}\n`),
  })
  surroundings.writeOut(describe(server, options))
  await surroundings.untilStopped()
}

function serverOptions(options: ServeOptions): McpServerOptions {
  const { authorizationServer, port, host, resource, jwksUri, scopeClaim } = options
  const { clockTolerance, tokenType, audience, allowedOrigin } = options
  return {
    authorizationServer,
    port,
    host,
    ...(resource === undefined ? {} : { resource }),
    ...(jwksUri === undefined ? {} : { jwksUri }),
    ...(scopeClaim === undefined ? {} : { scopeClaim }),
    ...(clockTolerance === undefined ? {} : { clockToleranceSeconds: clockTolerance }),
    ...(tokenType === undefined ? {} : { tokenTypes: tokenType }),
    ...(audience === undefined ? {} : { additionalAudiences: audience }),
    ...(allowedOrigin === undefined ? {} : { allowedOrigins: allowedOrigin }),
  }
}

function describe(server: RunningMcpServer, options: ServeOptions): string {
  const { url, resource, metadataUrl } = server
  const { authorizationServer } = options
  if (options.json === true) {
    return `${JSON.stringify({ url, resource, metadataUrl, authorizationServer })}\n`
  }
  return [
    `MCP server      ${url}`,
    `resource        ${resource}`,
    `metadata        ${metadataUrl}`,
    `issuer          ${authorizationServer}`,
    'tools           notes_list (mcp:read), notes_add (mcp:read mcp:write), notes_clear (mcp:admin)',
    'Stop with Ctrl+C.\n',
  ].join('\n')
}

function exitCode(error: unknown, surroundings: CliSurroundings): number {
  // Commander has already printed its message.
  if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : 2
  const message = error instanceof Error ? error.message : 'The server failed.'
  surroundings.writeError(`${message}\n`)
  if (ResourceServerError.is(error)) return 2
  return McpServerError.is(error) && error.code === 'OPTION_INVALID' ? 2 : 4
}

function parsePort(value: string): number {
  const port = Number(value)
  if (/^\d+$/.test(value) && port <= 65_535) return port
  throw new InvalidArgumentError('Expected a port from 0 to 65535.')
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(' ').filter((entry) => entry !== '')]
}

function parseSeconds(value: string): number {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value)
  throw new InvalidArgumentError('Expected a number of seconds.')
}
