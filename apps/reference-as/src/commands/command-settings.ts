import type { Command } from 'commander'
import type { ConfigurationSources } from '../settings/read-configuration.ts'
import { readDatabase } from '../settings/read-configuration.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { CliEnvironment } from './environment.ts'

/** The sources of the settings of a command that was called. */
export function sourcesOf(command: Command, { environment }: CliEnvironment): ConfigurationSources {
  const given = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  )
  const flags = given.map((option) => [
    option.name(),
    command.getOptionValue(option.attributeName()),
  ])
  return { flags: Object.fromEntries(flags), environment }
}

/** Adds the options of a command that works on the database. */
export function onDatabase(command: Command): Command {
  return command
    .option('--db <database>', 'SQLite file or postgres://…, as for serve')
    .option('--config <file>', 'JSON file with settings')
}

/** Opens the database of a command, and closes it after the work. */
export async function withStore(
  command: Command,
  environment: CliEnvironment,
  work: (store: Store) => Promise<void>,
): Promise<void> {
  const store = await openStore(readDatabase(sourcesOf(command, environment)))
  try {
    await work(store)
  } finally {
    await store.close()
  }
}
