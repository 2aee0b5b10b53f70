import { readFile } from 'node:fs/promises'
import { parse } from 'jsonc-parser'
import { mcpHosts } from '../hosts/host-files.ts'
import { hostPath } from '../hosts/host-path.ts'
import type { Places } from '../hosts/host-path.ts'

/** The arguments of an entry that starts mcp-remote. */
export interface McpRemoteArguments {
  /** The URL and the options. */
  readonly args: readonly string[]
  /** Where the entry is, for messages. */
  readonly where: string
}

/** Finds the entries that start mcp-remote in the configuration of the hosts. */
export async function mcpRemoteEntries(places: Places): Promise<readonly McpRemoteArguments[]> {
  const found: McpRemoteArguments[] = []
  for (const host of mcpHosts) {
    if (host.format !== 'json') continue
    const file = hostPath(host, places)
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const content: unknown = parse(text.trimStart(), [], { allowTrailingComma: true })
    const servers = memberOf(content, host.member)
    if (typeof servers !== 'object' || servers === null) continue
    for (const [name, entry] of Object.entries(servers)) {
      const args = argumentsIn(entry)
      if (args !== undefined) found.push({ args, where: `${name} in ${file}` })
    }
  }
  return found
}

function argumentsIn(entry: unknown): readonly string[] | undefined {
  const command = memberOf(entry, 'command')
  const args = memberOf(entry, 'args')
  const words = [
    ...(Array.isArray(command) ? command : [command]),
    ...(Array.isArray(args) ? args : []),
  ].map(String)
  const at = words.findIndex((word) => isMcpRemote(word))
  return at === -1 ? undefined : words.slice(at + 1)
}

/** `mcp-remote`, `mcp-remote@latest`, or the path of its program. */
function isMcpRemote(word: string): boolean {
  return /(?:^|[\\/])mcp-remote(?:@[^\\/]*|\.cmd)?$|[\\/]mcp-remote[\\/].*proxy\.js$/.test(word)
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, member)
    ? (value as Readonly<Record<string, unknown>>)[member]
    : undefined
}
