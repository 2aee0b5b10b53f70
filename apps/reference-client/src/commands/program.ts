import { Argument, Command } from 'commander'
import { jsonObject, jsonTexts, wholeNumber } from '../lib/arguments.ts'
import type { CliEnvironment } from '../lib/environment.ts'
import { version } from '../lib/version.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import type { CallFlags } from './call.ts'
import type { Shell } from '../completion/shells.ts'
import { shells } from '../completion/shells.ts'
import { accountCommand, command, signInCommand } from './command-options.ts'
import { addDoctorCommand } from './doctor-options.ts'
import type { LoginFlags } from './login.ts'
import type { PromptFlags } from './prompts.ts'
import { addHostCommands } from './host-commands.ts'
import { addProxyCommand } from './proxy.ts'
import type { CommandRunner, CommonFlags } from './runner.ts'
import type { StatusFlags } from './status.ts'
import { commandName } from '../names.ts'

/**
 * The commands and their options. Each command loads its code when it runs: loading everything takes
 * longer than most commands.
 */
export function createProgram(
  environment: CliEnvironment,
  json: boolean,
  run: CommandRunner,
): Command {
  const program = new Command(commandName)
    .description('Sign in to an MCP server once, and stay signed in')
    .version(version)
    .exitOverride()
    .configureOutput({
      // Commander's output is not a JSON document.
      writeOut: json ? environment.stderr : environment.stdout,
      writeErr: environment.stderr,
    })
  addSignInCommands(program, run)
  addUseCommands(program, run)
  addReadCommands(program, run)
  addCompletion(program, run)
  addProxyCommand(program, run)
  addHostCommands(program, run)
  addDoctorCommand(program, run)
  return program
}

function addSignInCommands(program: Command, run: CommandRunner): void {
  signInCommand(program, 'login <mcp-url>', 'sign in, and save the tokens', [
    'login https://mcp.example.com/mcp',
    'login https://mcp.example.com/mcp --explain --scope "files:read"',
  ])
    .option('--explain', 'explain, rule by rule, which scope is requested and why')
    .option('--scope <scope>', 'scope to request in addition to what the server names')
    .option(
      '--register-again',
      'replace the stored client registration, which the authorization server may have forgotten',
    )
    .action(async (serverUrl: string, flags: LoginFlags) => {
      await run.withApp({ serverUrl, flags }, async (app) => {
        const { login } = await import('./login.ts')
        return await login(serverUrl, flags, app)
      })
    })
  accountCommand(program, 'status [mcp-url]', 'show the state of one sign-in, or of all', [
    'status',
    'status https://mcp.example.com/mcp --json',
    `status --check || ${commandName} login https://mcp.example.com/mcp`,
  ])
    .option('--check', 'exit with code 1 if a sign-in is needed')
    .action(async (serverUrl: string | undefined, flags: StatusFlags) => {
      await run.withApp({ serverUrl, flags }, async (app) => {
        const { status } = await import('./status.ts')
        return await status(serverUrl, flags, app)
      })
    })
  signInCommand(program, 'token <mcp-url>', 'print an access token that can be used now', [
    'token https://mcp.example.com/mcp',
    'token https://mcp.example.com/mcp --json',
  ]).action(async (serverUrl: string, flags: SignInFlags & CommonFlags) => {
    await run.withApp({ serverUrl, flags }, async (app) => {
      const { token } = await import('./token.ts')
      return await token(serverUrl, flags, app)
    })
  })
  accountCommand(program, 'logout <mcp-url>', 'delete the sign-in, and revoke its tokens', [
    'logout https://mcp.example.com/mcp',
  ]).action(async (serverUrl: string, flags: CommonFlags) => {
    await run.withApp({ serverUrl, flags }, async (app) => {
      const { logout } = await import('./logout.ts')
      return await logout(serverUrl, app)
    })
  })
}

function addUseCommands(program: Command, run: CommandRunner): void {
  signInCommand(program, 'tools <mcp-url>', 'list the tools of a server', [
    'tools https://mcp.example.com/mcp',
  ]).action(async (serverUrl: string, flags: SignInFlags & CommonFlags) => {
    await run.withApp({ serverUrl, flags }, async (app) => {
      const { tools } = await import('./tools.ts')
      return await tools(serverUrl, flags, app)
    })
  })
  signInCommand(program, 'call <mcp-url> <tool>', 'call a tool', [
    `call https://mcp.example.com/mcp search --args '{"query":"notes"}'`,
    'call https://mcp.example.com/mcp notes_list --parallel 8 --repeat 100 --every 500',
  ])
    .option('--args <json>', 'its arguments, a JSON object', jsonObject)
    .option('--parallel <count>', 'concurrent calls per round', wholeNumber(1), 1)
    .option('--repeat <count>', 'number of rounds', wholeNumber(1), 1)
    .option(
      '--every <milliseconds>',
      'time from the start of one round to the start of the next',
      wholeNumber(0),
      0,
    )
    .action(async (serverUrl: string, tool: string, flags: CallFlags) => {
      await run.withApp({ serverUrl, flags }, async (app) => {
        const { call } = await import('./call.ts')
        return await call(serverUrl, tool, flags, app)
      })
    })
}

function addReadCommands(program: Command, run: CommandRunner): void {
  signInCommand(program, 'resources <mcp-url>', 'list the resources of a server', [
    'resources https://mcp.example.com/mcp',
  ]).action(async (serverUrl: string, flags: SignInFlags & CommonFlags) => {
    await run.withApp({ serverUrl, flags }, async (app) => {
      const { resources } = await import('./resources.ts')
      return await resources(serverUrl, flags, app)
    })
  })
  signInCommand(program, 'read <mcp-url> <resource-uri>', 'read a resource', [
    'read https://mcp.example.com/mcp note:///1',
  ]).action(async (serverUrl: string, uri: string, flags: SignInFlags & CommonFlags) => {
    await run.withApp({ serverUrl, flags }, async (app) => {
      const { read } = await import('./resources.ts')
      return await read(serverUrl, uri, flags, app)
    })
  })
  signInCommand(program, 'prompts <mcp-url>', 'list the prompts of a server', [
    'prompts https://mcp.example.com/mcp',
  ]).action(async (serverUrl: string, flags: SignInFlags & CommonFlags) => {
    await run.withApp({ serverUrl, flags }, async (app) => {
      const { prompts } = await import('./prompts.ts')
      return await prompts(serverUrl, flags, app)
    })
  })
  signInCommand(program, 'prompt <mcp-url> <name>', 'get a prompt, filled in', [
    `prompt https://mcp.example.com/mcp summarize --args '{"topic":"notes"}'`,
  ])
    .option('--args <json>', 'its arguments, a JSON object of texts', jsonTexts)
    .action(async (serverUrl: string, name: string, flags: PromptFlags) => {
      await run.withApp({ serverUrl, flags }, async (app) => {
        const { prompt } = await import('./prompts.ts')
        return await prompt(serverUrl, name, flags, app)
      })
    })
}

function addCompletion(program: Command, run: CommandRunner): void {
  command(program, 'completion', 'print a script that completes commands in a shell', [
    'completion bash >> ~/.bashrc',
    `completion fish > ~/.config/fish/completions/${commandName}.fish`,
  ])
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action(async (shell: Shell, flags: CommonFlags) => {
      await run.withoutStore({ flags }, async () => {
        const { completion } = await import('./completion.ts')
        return completion(shell, program)
      })
    })
}
