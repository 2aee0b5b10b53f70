import { Command } from 'commander'
import type { CliEnvironment, ExitCode } from '../lib/environment.ts'
import { version } from '../lib/version.ts'
import type { GivenOptions } from '../settings/given-options.ts'
import { givenOptions, positiveNumberOf } from '../settings/given-options.ts'
import type { OptionRow } from '../settings/option-table.ts'
import { runOptions, storeOptions, variableOf } from '../settings/option-table.ts'
import { commandName } from '../lib/names.ts'

/** The commands and their options. Each command loads its code when it runs. */
export function createProgram(
  environment: CliEnvironment,
  finish: (exitCode: ExitCode) => void,
): Command {
  const program = new Command(commandName)
    .description('Refreshes the OAuth grants of a gateway in the background')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: environment.stdout,
      // A misspelled option is quoted with its value, which can be a URL with a password.
      writeErr: (text) => environment.stderr(text.replaceAll(/:\/\/[^\s'@]*@/g, '://[redacted]@')),
    })

  subcommand(program, 'run', 'refresh grants until SIGTERM or SIGINT', {
    options: [...storeOptions, ...runOptions],
    examples: [
      'run --key-file store.key --create-table',
      'run --key-file new.key --key-file old.key --concurrency 64 --log-format text',
      'run --key-file store.key --webhook-url https://gateway.example/hooks --webhook-secret-file webhook.secret',
    ],
  }).action(async (_flags: unknown, command: Command) => {
    const { run } = await import('./run.ts')
    finish(await run(givenTo(command, environment), environment))
  })
  subcommand(program, 'status', 'print how many grants are due, and how late', {
    options: storeOptions,
    examples: ['status --key-file store.key', 'status --key-file store.key --json'],
  })
    .option('--json', 'print one JSON document instead of text')
    .action(async ({ json }: { readonly json?: boolean }, command: Command) => {
      const { status } = await import('./status.ts')
      await status(givenTo(command, environment), environment, { json: json === true })
    })
  addReencrypt(program, environment, finish)
  return program
}

function addReencrypt(
  program: Command,
  environment: CliEnvironment,
  finish: (exitCode: ExitCode) => void,
): void {
  subcommand(program, 'reencrypt', 'encrypt all records with the newest key, while they are used', {
    options: storeOptions,
    examples: ['reencrypt --key-file new.key --key-file old.key --rate 500'],
  })
    .option('--rate <count>', 'records per second, without a variable (default: 200)')
    .option('--json', 'print one JSON document instead of text')
    .action(
      async (
        { json, rate }: { readonly json?: boolean; readonly rate?: string },
        command: Command,
      ) => {
        const { reencrypt } = await import('./reencrypt.ts')
        // Not from the variable, which is for refreshes.
        const recordsPerSecond = positiveNumberOf(givenOptions({ rate }, {}), 'rate')
        const flags = { json: json === true, recordsPerSecond }
        finish(await reencrypt(givenTo(command, environment), environment, flags))
      },
    )
}

/** A command with its options and examples. */
interface CommandParts {
  readonly options: readonly OptionRow[]
  readonly examples: readonly string[]
}

function subcommand(
  program: Command,
  name: string,
  description: string,
  { options, examples }: CommandParts,
): Command {
  const lines = examples.map((example) => `  $ ${commandName} ${example}`)
  const command = program
    .command(name)
    .description(description)
    .addHelpText(
      'after',
      `\nOptions are also environment variables: --key-file is ${variableOf('key-file')}.\n\nExamples:\n  $ export ${variableOf('database-url')}=postgres://gateway:secret@db.example/gateway\n${lines.join('\n')}`,
    )
  for (const { name: option, value, help, defaultText, many } of options) {
    const flags = value === undefined ? `--${option}` : `--${option} <${value}>`
    const described = defaultText === undefined ? help : `${help} (default: ${defaultText})`
    if (many === true) command.option(flags, described, collect)
    else command.option(flags, described)
  }
  return command
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

function givenTo(command: Command, { env }: CliEnvironment): GivenOptions {
  const flags = command.options.map((option) => [
    option.name(),
    command.getOptionValue(option.attributeName()),
  ])
  return givenOptions(Object.fromEntries(flags), env)
}
