import { Command, CommanderError } from 'commander'
import type { App } from './connection/app.ts'
import { openApp } from './connection/app.ts'
import { jsonObject, wholeNumber } from './lib/arguments.ts'
import { call } from './commands/call.ts'
import type { CallFlags } from './commands/call.ts'
import { login } from './commands/login.ts'
import type { LoginFlags } from './commands/login.ts'
import { logout } from './commands/logout.ts'
import { status } from './commands/status.ts'
import { tools } from './commands/tools.ts'
import type { CliEnvironment, CommandOutcome, ExitCode } from './lib/environment.ts'
import { exitCodes } from './lib/environment.ts'
import { describeFailure, failedOutcome } from './output/failure.ts'
import type { Failure } from './output/failure.ts'
import type { SignInFlags } from './connection/interactive-sign-in.ts'
import { safeOutput } from './output/safe-output.ts'
import { sentCredentials } from './output/sent-credentials.ts'
import type { SentCredentials } from './output/sent-credentials.ts'
import { version } from './lib/version.ts'

/** Runs one command. */
type Run = (
  serverUrl: string | undefined,
  work: (app: App) => Promise<CommandOutcome>,
) => Promise<void>

/**
 * Runs one command line. Resolves when everything is done and saved, including a background
 * refresh. Never rejects because of a server's response or the user's input.
 *
 * The output is safe for a terminal, even if it comes from a server: control and invisible
 * characters are written as `\uXXXX`, and credentials that a server echoes as `[redacted]`.
 *
 * @param argv - Arguments without the program's name.
 * @returns The exit code: 0 done, 2 usage, 3 sign-in required, 4 failure of a server, the network
 *   or the store, 130 aborted by `environment.signal`.
 */
export async function runCli(argv: readonly string[], given: CliEnvironment): Promise<ExitCode> {
  const json = argv.includes('--json')
  const { EVERGRANT_CLIENT_SECRET, EVERGRANT_PASSPHRASE } = given.env
  const credentials = sentCredentials([EVERGRANT_CLIENT_SECRET, EVERGRANT_PASSPHRASE])
  const output = safeOutput(given, credentials)
  const environment = { ...given, stdout: output.stdout, stderr: output.stderr }
  let exitCode: ExitCode = exitCodes.done

  function finish(outcome: CommandOutcome): void {
    exitCode = outcome.exitCode
    if (outcome.advice !== undefined) environment.stderr(outcome.advice)
    if (json) output.document(outcome.document)
    else if (outcome.text !== '') environment.stdout(`${outcome.text}\n`)
  }

  const program = createProgram(environment, json, async (serverUrl, work) => {
    try {
      finish(await withApp(environment, credentials, work))
    } catch (error) {
      const failure: Failure =
        environment.signal?.aborted === true
          ? { exitCode: exitCodes.interrupted, code: 'INTERRUPTED', message: 'Interrupted.' }
          : describeFailure(error, serverUrl, credentials.redact)
      finish(failedOutcome(failure))
    }
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return exitCodes.done
    const { message } = error
    // Commander has already printed the message.
    const { advice: _printed, ...outcome } = failedOutcome({
      exitCode: exitCodes.usage,
      code: 'USAGE',
      message,
    })
    finish(outcome)
  }
  return exitCode
}

async function withApp(
  environment: CliEnvironment,
  credentials: SentCredentials,
  work: (app: App) => Promise<CommandOutcome>,
): Promise<CommandOutcome> {
  await using app = await openApp(environment, credentials)
  return await work(app)
}

function createProgram(environment: CliEnvironment, json: boolean, run: Run): Command {
  const program = new Command('evergrant')
    .description('Sign in to an MCP server once, and stay signed in')
    .version(version)
    .exitOverride()
    .configureOutput({
      // Commander's output is not a JSON document.
      writeOut: json ? environment.stderr : environment.stdout,
      writeErr: environment.stderr,
    })

  command(program, 'login <mcp-url>', 'sign in, and save the tokens')
    .option('--explain', 'explain, rule by rule, which scope is requested and why')
    .option('--scope <scope>', 'scope to request in addition to what the server names')
    .option('--headless', headlessHelp)
    .option('--no-browser', 'print the sign-in URL, and do not open a browser')
    .option(
      '--client-id <id>',
      'a client registered by hand; its secret is read from EVERGRANT_CLIENT_SECRET',
    )
    .option('--issuer <url>', 'the authorization server where --client-id is registered')
    .option(
      '--resource <url>',
      'accept tokens for this resource, which covers more than the MCP server',
    )
    .action(async (url: string, flags: LoginFlags) => {
      await run(url, (app) => login(url, flags, app))
    })
  command(program, 'tools <mcp-url>', 'list the tools of a server')
    .option('--headless', headlessHelp)
    .action(async (url: string, flags: SignInFlags) => {
      await run(url, (app) => tools(url, flags, app))
    })
  command(program, 'call <mcp-url> <tool>', 'call a tool')
    .option('--args <json>', 'its arguments, a JSON object', jsonObject)
    .option('--parallel <count>', 'concurrent calls per round', wholeNumber(1), 1)
    .option('--repeat <count>', 'number of rounds', wholeNumber(1), 1)
    .option(
      '--every <milliseconds>',
      'time from the start of one round to the start of the next',
      wholeNumber(0),
      0,
    )
    .option('--headless', headlessHelp)
    .action(async (url: string, tool: string, flags: CallFlags) => {
      await run(url, (app) => call(url, tool, flags, app))
    })
  command(program, 'status [mcp-url]', 'show the state of one sign-in, or of all').action(
    async (url: string | undefined) => {
      await run(url, (app) => status(url, app))
    },
  )
  command(program, 'logout <mcp-url>', 'delete the sign-in, and revoke its tokens').action(
    async (url: string) => {
      await run(url, (app) => logout(url, app))
    },
  )
  return program
}

const headlessHelp = 'sign in without a browser, at an auto-approving server'

function command(program: Command, usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('--json', 'print one JSON document instead of text')
}
