import type { Command } from 'commander'

/** What a shell can complete after the name of a command. */
export interface CompletedCommand {
  readonly name: string
  readonly description: string
  readonly options: readonly CompletedOption[]
}

export interface CompletedOption {
  /** `--name`. */
  readonly name: string
  readonly description: string
  /** The only values; absent if any value or none is possible. */
  readonly choices: readonly string[] | undefined
  /** The value is the name of a file. */
  readonly takesFile: boolean
}

/** Reads the commands and options of the program, so that completions never differ from them. */
export function completedCommands(program: Command): readonly CompletedCommand[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: command
      .createHelp()
      .visibleOptions(command)
      .flatMap((option) => {
        if (option.long === undefined) return []
        return [
          {
            name: option.long,
            description: option.description,
            choices: option.argChoices,
            takesFile: /<file>/.test(option.flags),
          },
        ]
      }),
  }))
}
