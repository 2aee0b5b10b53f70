import { Command } from 'commander'
import { ReferenceServerError } from '../errors.ts'
import type { ReferenceServerErrorCode } from '../errors.ts'
import type { CliEnvironment } from './environment.ts'
import { addKeyCommands } from './keys.ts'
import { addProductsCommand } from './products.ts'
import { addServeCommand } from './serve.ts'
import { addUserCommands } from './users.ts'
import { commandName, debugName } from '../names.ts'

const usageErrors: ReadonlySet<ReferenceServerErrorCode> = new Set([
  'OPTION_INVALID',
  'DEMO_NOT_ON_LOOPBACK',
  'PASSWORD_NOT_GIVEN',
])

/**
 * Runs one command line.
 *
 * @returns The exit code: 0 done, 2 usage, 4 the server could not do it.
 */
export async function runCli(
  argv: readonly string[],
  environment: CliEnvironment,
): Promise<number> {
  const program = new Command(commandName)
    .description('A reference authorization server for MCP with refresh tokens')
    .exitOverride()
    .configureOutput({ writeOut: environment.stdout, writeErr: environment.stderr })
  addServeCommand(program, environment)
  addProductsCommand(program, environment)
  addUserCommands(program, environment)
  addKeyCommands(program, environment)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : 2
    if (!ReferenceServerError.is(error)) {
      environment.stderr(unexpected(error, environment.environment['NODE_DEBUG']))
      return 4
    }
    environment.stderr(`${commandName}: ${error.message}\n`)
    return usageErrors.has(error.code) ? 2 : 4
  }
}

/** An error that is not a {@link ReferenceServerError} is a defect, or an unforeseen failure. */
function unexpected(error: unknown, nodeDebug = ''): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  if (nodeDebug.split(',').includes(debugName))
    return `${commandName}: unexpected ${stack ?? message}\n`
  return (
    `${commandName}: unexpected ${name}: ${message}. ` +
    `Run it again with NODE_DEBUG=${debugName} to see the stack, and please report it.\n`
  )
}
