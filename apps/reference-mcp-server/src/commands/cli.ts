import { ResourceServerError } from '@evergrant/resource-server'
import { Command } from 'commander'
import { McpServerError } from '../errors.ts'
import { addServeCommand } from './serve.ts'
import type { CliSurroundings } from './surroundings.ts'
import { commandName } from '../names.ts'

/**
 * Runs the command line.
 *
 * @param args - Arguments without the program's name.
 * @returns The exit code: 0 done, 2 usage, 4 the server could not listen, open its database, or failed.
 */
export async function runCli(
  args: readonly string[],
  surroundings: CliSurroundings,
): Promise<number> {
  const program = new Command(commandName)
    .description('An MCP server for notes, whose operations require three scopes')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => surroundings.writeOut(text),
      writeErr: (text) => surroundings.writeError(text),
    })
  addServeCommand(program, surroundings)
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return exitCode(error, surroundings)
  }
}

function exitCode(error: unknown, surroundings: CliSurroundings): number {
  // Commander has already printed its message.
  if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : 2
  const message = error instanceof Error ? error.message : 'The server failed.'
  surroundings.writeError(`${message}\n`)
  if (ResourceServerError.is(error)) return 2
  return McpServerError.is(error) && error.code === 'OPTION_INVALID' ? 2 : 4
}
