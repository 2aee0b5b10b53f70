import type { Command } from 'commander'
import { startConformanceServer } from '../conformance/conformance-server.ts'
import { McpServerError } from '../errors.ts'
import { startMcpServer } from '../server.ts'
import type { RunningMcpServer } from '../server.ts'
import { createJsonLog } from '../telemetry/log.ts'
import { serveOptions, serverOptions } from './serve-options.ts'
import type { ServeFlags } from './serve-options.ts'
import type { CliSurroundings } from './surroundings.ts'

export function addServeCommand(program: Command, surroundings: CliSurroundings): void {
  const command = program.command('serve').description('run the server until SIGINT or SIGTERM')
  for (const option of serveOptions()) command.addOption(option)
  command
    .option('--json', 'print one JSON document instead of text')
    .action((flags: ServeFlags) => serve(flags, surroundings))
}

async function serve(flags: ServeFlags, surroundings: CliSurroundings): Promise<void> {
  if (flags.conformance === true) {
    await serveConformanceSuite(flags, surroundings)
    return
  }
  const { authorizationServer } = flags
  if (authorizationServer === undefined) {
    throw new McpServerError(
      'OPTION_INVALID',
      'The option --authorization-server is missing. Set it to the issuer whose access tokens this ' +
        'server accepts.',
    )
  }
  await using server = await startMcpServer({
    ...(await serverOptions(authorizationServer, flags)),
    log: createJsonLog((line) => surroundings.writeError(line)),
  })
  surroundings.writeOut(describe(server, authorizationServer, flags))
  await surroundings.untilStopped()
}

async function serveConformanceSuite(
  { host, port, json }: ServeFlags,
  surroundings: CliSurroundings,
): Promise<void> {
  await using server = await startConformanceServer(host, port)
  const { url } = server
  surroundings.writeError(
    'WARNING: --conformance serves without authorization, for tests only. Every program on this ' +
      'machine can call it.\n',
  )
  surroundings.writeOut(
    json === true
      ? `${JSON.stringify({ url, authorization: 'none' })}\n`
      : `MCP server      ${url}\nauthorization   none\nStop with Ctrl+C.\n`,
  )
  await surroundings.untilStopped()
}

function describe(
  server: RunningMcpServer,
  authorizationServer: string,
  { db, json }: ServeFlags,
): string {
  const { url, resource, metadataUrl } = server
  if (json === true) {
    const database = db ?? ':memory:'
    return `${JSON.stringify({ url, resource, metadataUrl, authorizationServer, database })}\n`
  }
  return [
    `MCP server      ${url}`,
    `resource        ${resource}`,
    `metadata        ${metadataUrl}`,
    `issuer          ${authorizationServer}`,
    `notes           ${db ?? 'in memory, lost when the server stops; --db <file> keeps them'}`,
    'scopes          mcp:read; to change notes also mcp:write; for statistics mcp:admin',
    'Stop with Ctrl+C.\n',
  ].join('\n')
}
