import type { Command } from 'commander'
import { mcpHosts } from '../hosts/host-files.ts'
import { command } from './command-options.ts'
import type { ConfigFlags } from './config.ts'
import type { CommandRunner, CommonFlags } from './runner.ts'
import { commandName } from '../names.ts'

/** Adds the commands that move hosts to the proxy. */
export function addHostCommands(program: Command, run: CommandRunner): void {
  command(
    program,
    'config <host> <mcp-url> [proxy-options...]',
    `print the entry for the configuration of a host: ${mcpHosts.map(({ id }) => id).join(', ')}`,
    [
      'config claude-desktop https://mcp.example.com/mcp --write',
      'config vscode https://mcp.example.com/mcp --write -- --ignore-tool "delete*"',
    ],
  )
    .option('--write', 'write the entry, and keep a backup of the file')
    .option('--name <name>', 'name of the entry (default: from the URL)')
    .option('--file <path>', 'configuration file (default: the one of the user)')
    .option('--installed', `start the installed ${commandName}, and not npx`)
    .action(
      async (
        host: string,
        serverUrl: string,
        options: readonly string[],
        flags: ConfigFlags & CommonFlags,
      ) => {
        // The command checks the URL: with --allow-http for the proxy, it may be one that sign-ins refuse.
        await run.withoutStore({ flags }, async (surroundings) => {
          const { config } = await import('./config.ts')
          return await config(host, serverUrl, options, flags, surroundings)
        })
      },
    )
  const imports = program
    .command('import')
    .description('take over the sign-ins of another program')
    .addHelpText('after', `\nExamples:\n  $ ${commandName} import mcp-remote`)
  command(
    imports,
    'mcp-remote [mcp-urls...]',
    'take over the sign-ins of mcp-remote, for the given URLs and those in the configuration of hosts',
    ['import mcp-remote', 'import mcp-remote https://mcp.example.com/mcp'],
  ).action(async (serverUrls: readonly string[], flags: CommonFlags) => {
    await run.withApp({ flags }, async (app) => {
      const { importMcpRemote } = await import('./import-mcp-remote.ts')
      return await importMcpRemote(serverUrls, app)
    })
  })
}
