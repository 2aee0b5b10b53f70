import { escapeInvisible } from '@evergrant/core'
import { CommanderError } from 'commander'
import { createProgram } from './commands/program.ts'
import type { CliEnvironment, ExitCode } from './lib/environment.ts'
import { exitCodes } from './lib/environment.ts'
import { describeFailure } from './output/failure.ts'
import { commandName } from './lib/names.ts'

/**
 * Runs one command line. `run` resolves after `environment.signal` has aborted and the worker has
 * stopped. Never rejects because of the user's input, a database or a server.
 *
 * @param argv - Arguments without the program's name.
 * @returns The exit code: 0 done or stopped in order, 1 `reencrypt` left records of older keys, 2 usage,
 *   3 the store is not prepared (the table is missing, or the key is a different one), 4 failure of the
 *   database, the network or the stop, 130 `reencrypt` was interrupted.
 */
export async function runCli(
  argv: readonly string[],
  environment: CliEnvironment,
): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done
  const program = createProgram(environment, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    }
    const failure = describeFailure(error)
    environment.stderr(`${commandName}: ${escapeInvisible(failure.message)} [${failure.code}]\n`)
    return failure.exitCode
  }
}
