import { CommanderError } from 'commander'
import { createProgram } from './commands/program.ts'
import type { CommandArguments, CommandRunner } from './commands/runner.ts'
import type { Surroundings } from './connection/surroundings.ts'
import type { CliEnvironment, CommandOutcome, ExitCode } from './lib/environment.ts'
import { exitCodes } from './lib/environment.ts'
import { failedOutcome } from './output/failed-outcome.ts'
import { showProgress } from './output/progress.ts'
import { safeOutput } from './output/safe-output.ts'
import type { Trace } from './trace/start-trace.ts'
import { sentCredentials } from './output/sent-credentials.ts'
import type { SentCredentials } from './output/sent-credentials.ts'

/**
 * Runs one command line. Resolves when everything is done and saved, including a background
 * refresh. Never rejects because of a server's response or the user's input.
 *
 * The output is safe for a terminal, even if it comes from a server: control and invisible
 * characters are written as `\uXXXX`, and credentials that a server echoes as `[redacted]`.
 *
 * @param argv - Arguments without the program's name.
 * @returns The exit code: 0 done, 1 `status --check` found that a sign-in is needed or `doctor` found a
 *   fault, 2 usage, 3 sign-in required, 4 failure of a server, the network or the store, 130 aborted by
 *   `environment.signal`.
 */
export async function runCli(argv: readonly string[], given: CliEnvironment): Promise<ExitCode> {
  const json = argv.includes('--json')
  const { EVERGRANT_CLIENT_SECRET, EVERGRANT_PASSPHRASE } = given.env
  const credentials = sentCredentials([EVERGRANT_CLIENT_SECRET, EVERGRANT_PASSPHRASE])
  const output = safeOutput(given, credentials)
  const environment = { ...given, stdout: output.stdout, stderr: output.stderr }
  // Its control characters must reach the terminal.
  const terminal = given.stderrIsTerminal === true ? given.stderr : undefined
  let exitCode: ExitCode = exitCodes.done

  function finish(outcome: CommandOutcome): void {
    exitCode = outcome.exitCode
    if (outcome.advice !== undefined) environment.stderr(outcome.advice)
    if (outcome.isCredential === true) {
      output.credential(`${json ? JSON.stringify(outcome.document) : outcome.text}\n`)
    } else if (json) output.document(outcome.document)
    else if (outcome.text !== '') environment.stdout(`${outcome.text}\n`)
  }

  const program = createProgram(
    environment,
    json,
    commandRunner({ environment, credentials, terminal, command: argv[0] ?? '' }, finish),
  )
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

/** What a command runs in. */
interface RunnerParts {
  readonly environment: CliEnvironment
  readonly credentials: SentCredentials
  /** The terminal for progress, if there is one. */
  readonly terminal: ((text: string) => void) | undefined
  readonly command: string
}

function commandRunner(
  { environment, credentials, terminal, command }: RunnerParts,
  finish: (outcome: CommandOutcome) => void,
): CommandRunner {
  async function run(
    { serverUrl, flags, runsUntilStopped }: CommandArguments,
    work: (surroundings: Surroundings) => Promise<CommandOutcome>,
  ): Promise<void> {
    const progress = showProgress(runsUntilStopped === true ? undefined : terminal, environment)
    const { stdout, stderr } = progress
    const shown = { ...environment, stdout, stderr }
    let trace: Trace | undefined
    let outcome: CommandOutcome
    try {
      const { checkArguments } = await import('./commands/check-arguments.ts')
      const checked = checkArguments({ serverUrl, flags }, environment.env)
      if (flags.trace !== undefined) {
        const { startTrace } = await import('./trace/start-trace.ts')
        trace = await startTrace(flags.trace, command)
      }
      const { createSurroundings } = await import('./connection/surroundings.ts')
      outcome = await work(createSurroundings(shown, credentials, checked, trace?.recorder))
    } catch (error) {
      outcome = await failed(error, serverUrl, environment, credentials)
    }
    try {
      await trace?.finish(outcome, credentials.redact)
    } catch (error) {
      outcome = await failed(error, serverUrl, environment, credentials)
    }
    progress.stop()
    finish(outcome)
  }
  return {
    withoutStore: run,
    withApp: (given, work) =>
      run(given, async (surroundings) => {
        const { openApp } = await import('./connection/app.ts')
        await using app = await openApp(surroundings)
        return await work(app)
      }),
  }
}

async function failed(
  error: unknown,
  serverUrl: string | undefined,
  { signal }: CliEnvironment,
  { redact }: SentCredentials,
): Promise<CommandOutcome> {
  if (signal?.aborted === true) {
    const message = 'Interrupted.'
    return failedOutcome({ exitCode: exitCodes.interrupted, code: 'INTERRUPTED', message })
  }
  // It loads the MCP SDK, for its errors.
  const { describeFailure } = await import('./output/failure.ts')
  return failedOutcome(describeFailure(error, serverUrl, redact))
}
