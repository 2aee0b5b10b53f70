import { CommanderError } from 'commander'
import type { App } from './connection/app.ts'
import { openApp } from './connection/app.ts'
import { createProgram } from './commands/program.ts'
import type { CliEnvironment, CommandOutcome, ExitCode } from './lib/environment.ts'
import { exitCodes } from './lib/environment.ts'
import { describeFailure, failedOutcome } from './output/failure.ts'
import type { Failure } from './output/failure.ts'
import { safeOutput } from './output/safe-output.ts'
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
