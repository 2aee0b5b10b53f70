import type { Command } from 'commander'
import { Option } from 'commander'
import { signInCommand } from './command-options.ts'
import type { DoctorFlags } from './doctor.ts'
import type { CommandRunner } from './runner.ts'

/** Adds `evergrant doctor`. */
export function addDoctorCommand(program: Command, run: CommandRunner): void {
  signInCommand(
    program,
    'doctor [mcp-url]',
    'check the authorization of a server, and say what to change',
    [
      'doctor https://mcp.example.com/mcp',
      'doctor https://mcp.example.com/mcp --record deployment.json --fail-on warning',
      'doctor --from deployment.json --json',
    ],
  )
    .option(
      '--as <issuer>',
      'check this authorization server instead of the ones that the MCP server names',
    )
    .option(
      '--origin <origin>',
      'the origin of a web page, to check whether it can use the servers',
    )
    .option('--record <file>', 'save everything that was observed, without secrets')
    .option('--from <file>', 'report on a recording, and send nothing')
    .option(
      '--sign-in',
      'also sign in for real, measure what happens to the tokens, and revoke them',
    )
    .option(
      '--invasive',
      'with a second sign-in, also present superseded refresh tokens, to measure grace and reuse',
    )
    .option(
      '--baseline <report>',
      'compare with a report that was saved with --json: only new findings count',
    )
    .option('--sarif <file>', 'also write the report as SARIF, for code scanning')
    .option('--markdown <file>', 'also write the report as Markdown')
    .option('--html <file>', 'also write the report as one HTML file')
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 if there is such a finding, or a worse one')
        .choices(['error', 'warning', 'note', 'never'])
        .default('error'),
    )
    .action(async (serverUrl: string | undefined, flags: DoctorFlags) => {
      // A server without https is a finding, so the URL is checked later.
      await run.withoutStore({ flags }, async (surroundings) => {
        const { doctor } = await import('./doctor.ts')
        return await doctor(serverUrl, flags, surroundings)
      })
    })
}
