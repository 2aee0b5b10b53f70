import type { Command } from 'commander'
import { completedCommands } from '../completion/commands.ts'
import type { Shell } from '../completion/shells.ts'
import { completionScript } from '../completion/scripts.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'

/** Prints a script that completes commands and options in a shell. */
export function completion(shell: Shell, program: Command): CommandOutcome {
  const script = completionScript(shell, completedCommands(program))
  return { exitCode: exitCodes.done, document: { shell, script }, text: script }
}
