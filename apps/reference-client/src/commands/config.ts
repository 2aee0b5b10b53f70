import process from 'node:process'
import type { Surroundings } from '../connection/surroundings.ts'
import { entryOf, nameFor, snippetOf } from '../hosts/entry.ts'
import type { HostCommand } from '../hosts/entry.ts'
import { mcpHosts } from '../hosts/host-files.ts'
import type { McpHost } from '../hosts/host-files.ts'
import { hostPath } from '../hosts/host-path.ts'
import { writeEntry } from '../hosts/write-entry.ts'
import type { WrittenEntry } from '../hosts/write-entry.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { CliError } from '../lib/errors.ts'
import { parseProxyArguments } from '../proxy/flags/parse.ts'
import { assertAccepted } from '../proxy/flags/refused.ts'
import { checkServerUrl } from '../proxy/flags/settings.ts'
import { commandName } from '../names.ts'

/** Options of `evergrant config`. */
export interface ConfigFlags {
  readonly write?: boolean
  readonly name?: string
  readonly file?: string
  readonly installed?: boolean
}

/** Prints or writes the entry of a server for the configuration of a host. */
export async function config(
  hostId: string,
  serverUrl: string,
  proxyOptions: readonly string[],
  flags: ConfigFlags,
  { environment }: Pick<Surroundings, 'environment'>,
): Promise<CommandOutcome> {
  const host = hostOf(hostId)
  checkProxyArguments(serverUrl, proxyOptions)
  const name = flags.name ?? nameFor(serverUrl)
  if (name.trim() === '') {
    throw new CliError(
      'USAGE',
      'The option --name is empty. Name the entry, or leave the option out.',
    )
  }
  const command = commandFor(serverUrl, proxyOptions, flags.installed === true)
  const entry = entryOf(host, name, command)
  const { env } = environment
  const file = flags.file ?? hostPath(host, { platform: process.platform, env })
  const snippet = snippetOf(host, name, command)
  const described = { host: host.id, file, name, entry, source: host.source }
  if (flags.write !== true) {
    return {
      exitCode: exitCodes.done,
      document: { ...described, written: false },
      text: snippet,
      advice: `Add this to ${file}. ${host.afterwards}\n`,
    }
  }
  if (host.format !== 'json') {
    throw new CliError(
      'USAGE',
      `The option --write cannot be used for ${host.name}: its configuration is ${host.format.toUpperCase()}, which this program only prints. Run the command without --write and paste the entry into ${file}.`,
    )
  }
  const written = await writeEntry(host, file, name, entry)
  return {
    exitCode: exitCodes.done,
    document: { ...described, ...written, written: !written.unchanged },
    text: describe(host, name, written),
  }
}

function hostOf(id: string): McpHost {
  const host = mcpHosts.find((one) => one.id === id)
  if (host !== undefined) return host
  throw new CliError(
    'USAGE',
    `The host ${JSON.stringify(id)} is not known (expected ${mcpHosts.map((one) => one.id).join(', ')}). For another host, use the entry of cursor, which most hosts understand.`,
  )
}

/** A host would only show that the proxy does not start. */
function checkProxyArguments(serverUrl: string, options: readonly string[]): void {
  const parsed = parseProxyArguments([serverUrl, ...options])
  if (parsed === undefined) {
    throw new CliError(
      'USAGE',
      `The options for the proxy cannot be used: ${JSON.stringify(options.join(' '))} (expected options of ${commandName} proxy). Run: ${commandName} proxy --help`,
    )
  }
  assertAccepted(parsed.flags)
  checkServerUrl(serverUrl, parsed.flags.allowHttp === true)
}

function commandFor(
  serverUrl: string,
  proxyOptions: readonly string[],
  isInstalled: boolean,
): HostCommand {
  const args = ['proxy', serverUrl, ...proxyOptions]
  return isInstalled
    ? { command: commandName, args }
    : { command: 'npx', args: ['-y', commandName, ...args] }
}

function describe(host: McpHost, name: string, written: WrittenEntry): string {
  const { file, backup, replaced, unchanged } = written
  if (unchanged) return `${host.name} has this entry already: ${name} in ${file}.`
  const kept = backup === undefined ? '' : ` The former file is ${backup}.`
  return `${replaced ? 'Replaced' : 'Added'} ${name} in ${file}.${kept} ${host.afterwards}`
}
