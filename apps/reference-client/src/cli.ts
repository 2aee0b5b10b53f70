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

/** Carries out one command. */
type Run = (
  serverUrl: string | undefined,
  work: (app: App) => Promise<CommandOutcome>,
) => Promise<void>

/**
 * Runs one command line. It resolves when everything is done and saved, a refresh in the
 * background included, and never rejects because of what a server or the user did.
 *
 * What it writes is safe for a terminal, also where it comes from a server: control and invisible
 * characters are written as `\uXXXX`, and credentials that a server echoes as `[redacted]`.
 *
 * @param argv - Without the program's own name.
 * @returns The exit code: 0 done, 2 usage, 3 sign-in needed, 4 failure of a server, the network or
 *   the store, 130 ended by `environment.signal`.
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
    // Commander has told the person by now.
    const { advice: _told, ...outcome } = failedOutcome({
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
      // What commander prints is no JSON document.
      writeOut: json ? environment.stderr : environment.stdout,
      writeErr: environment.stderr,
    })

  command(program, 'login <mcp-url>', 'sign in, and save what comes of it')
    .option('--explain', 'say rule by rule why which scope is asked for')
    .option('--scope <scope>', 'scope to ask for besides what the server names')
    .option('--headless', headlessHelp)
    .option('--no-browser', 'only print the address to sign in at')
    .option(
      '--client-id <id>',
      'a client registered by hand; its secret in EVERGRANT_CLIENT_SECRET',
    )
    .option('--issuer <url>', 'the authorization server that --client-id is registered at')
    .option(
      '--resource <url>',
      'accept tokens for this resource, which covers more than the server',
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
    .option('--parallel <count>', 'calls at the same time', wholeNumber(1), 1)
    .option('--repeat <count>', 'rounds of calls', wholeNumber(1), 1)
    .option('--every <milliseconds>', 'from the start of a round to the next', wholeNumber(0), 0)
    .option('--headless', headlessHelp)
    .action(async (url: string, tool: string, flags: CallFlags) => {
      await run(url, (app) => call(url, tool, flags, app))
    })
  command(program, 'status [mcp-url]', 'say where the sign-ins stand').action(
    async (url: string | undefined) => {
      await run(url, (app) => status(url, app))
    },
  )
  command(program, 'logout <mcp-url>', 'forget a sign-in here and revoke its tokens there').action(
    async (url: string) => {
      await run(url, (app) => logout(url, app))
    },
  )
  return program
}

const headlessHelp = 'sign in without a browser, where the server approves by itself'

function command(program: Command, usage: string, description: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('--json', 'print one JSON document instead of text')
}
