import { readFileSync } from 'node:fs'
import { findEmulatedServer } from '../emulation/servers/catalog.ts'
import { ReferenceServerError } from '../errors.ts'
import { checked } from './option-error.ts'
import type { ConfigurableOptions } from './options.ts'
import { defaultAccessTokenLifetimeSeconds, resolveSettings } from './resolve-settings.ts'
import type { ServerSettings } from './server-settings.ts'
import { settings, settingsTable } from './settings-table.ts'
import type { Setting } from './settings-table.ts'
import { defaultDatabasePath, variablePrefix } from '../names.ts'

/** Where settings come from, strongest first. */
export interface ConfigurationSources {
  /** Flags as given, by name: a string, several strings, or `true`. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The settings and their sources. */
export interface Configuration {
  readonly settings: ServerSettings
  /** For the summary: `flags`, `environment`, the file's name. */
  readonly sources: readonly string[]
}

interface Given {
  readonly value: unknown
  /** The name of the setting where it was set. */
  readonly from: string
  readonly source: string
}

/**
 * Reads the configuration: flags before environment before file before defaults.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`, `DEMO_NOT_ON_LOOPBACK`. The message names
 *   the flag, the variable or the entry of the file.
 */
export function readConfiguration(sources: ConfigurationSources): Configuration {
  const given = givenSettings(sources)
  const entries = settings.flatMap((setting) => {
    const value = read(setting, given)
    return value === undefined ? [] : [[setting.option, value]]
  })
  // The type of the table ties the kind of each setting to the type of its option.
  const options = Object.fromEntries(entries) as ConfigurableOptions
  return {
    settings: resolveSettings({ port: 9400, ...options }, (option) => {
      const name = settings.find((one) => one.option === option)?.name ?? option
      return given.get(name)?.from ?? `--${name}`
    }),
    sources: [...new Set([...given.values()].map(({ source }) => source))],
  }
}

/**
 * The database, for commands that need nothing else.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`, also when the demo keeps it in memory
 */
export function readDatabase(sources: ConfigurationSources): string {
  const given = givenSettings(sources)
  const location = read(settingsTable.databasePath, given)
  if (location !== undefined) return location
  if (read(settingsTable.demo, given) !== true) return defaultDatabasePath
  throw new ReferenceServerError(
    'OPTION_INVALID',
    '--db: expected a SQLite file or postgres://…, got nothing, and with ' +
      `${given.get('demo')?.from} the server keeps everything in memory. Set --db, ${variablePrefix}DB, or ` +
      '"db" in the file that --config names.',
  )
}

/**
 * The lifetime of access tokens, for commands that need nothing else.
 *
 * @throws {@link ReferenceServerError} `OPTION_INVALID`
 */
export function readAccessTokenLifetimeSeconds(sources: ConfigurationSources): number {
  const given = givenSettings(sources)
  const lifetime = read(settingsTable.accessTokenLifetimeSeconds, given)
  if (lifetime !== undefined) return lifetime
  const name = read(settingsTable.emulate, given)
  if (name === undefined) return defaultAccessTokenLifetimeSeconds(undefined)
  const { schema } = settingsTable.emulate
  const server = checked(given.get('emulate')?.from ?? '--emulate', schema, name, 'whole')
  return defaultAccessTokenLifetimeSeconds(findEmulatedServer(server))
}

function read<Value>(
  { name, kind }: Setting<Value>,
  given: ReadonlyMap<string, Given>,
): Value | undefined {
  const found = given.get(name)
  return found === undefined
    ? undefined
    : checked(found.from, kind.read, found.value, kind.shown ?? 'whole')
}

function givenSettings({ flags, environment }: ConfigurationSources): Map<string, Given> {
  const given = new Map<string, Given>()
  const file = flags['config'] ?? environment[`${variablePrefix}CONFIG`]
  if (typeof file === 'string') {
    for (const [name, value] of Object.entries(readFile(file))) {
      const from = `${JSON.stringify(name)} in ${file}`
      if (!settings.some((one) => one.name === name)) throw unknownSetting(from)
      given.set(name, { value, from, source: file })
    }
  }
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(variablePrefix) || variable === `${variablePrefix}CONFIG`) continue
    const name = variable.slice(variablePrefix.length).toLowerCase().replaceAll('_', '-')
    const setting = settings.find((one) => one.name === name)
    // A misspelled variable would otherwise be silently ignored.
    if (setting === undefined || setting.kind.flag === 'file-only') throw unknownSetting(variable)
    if (value !== undefined && value !== '') {
      given.set(name, { value, from: variable, source: 'environment' })
    }
  }
  for (const { name } of settings) {
    const value = flags[name]
    if (value !== undefined) given.set(name, { value, from: `--${name}`, source: 'flags' })
  }
  return given
}

function readFile(file: string): Readonly<Record<string, unknown>> {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ReferenceServerError(
      'OPTION_INVALID',
      `--config: expected a JSON file, got ${JSON.stringify(file)}: ${why.slice(0, 200)}`,
      { cause },
    )
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return { ...content }
  }
  throw new ReferenceServerError(
    'OPTION_INVALID',
    `--config: expected a JSON object of settings in ${JSON.stringify(file)}, got another value.`,
  )
}

function unknownSetting(from: string): ReferenceServerError {
  return new ReferenceServerError(
    'OPTION_INVALID',
    `${from}: there is no such setting. Expected one of ${settings.map(({ name }) => name).join(', ')}.`,
  )
}
