import type { McpHost } from './host-files.ts'

/** The command that a host starts. */
export interface HostCommand {
  readonly command: string
  readonly args: readonly string[]
}

/** What a host's file holds for a server. */
export function entryOf({ entry }: McpHost, name: string, { command, args }: HostCommand): unknown {
  const forms: Readonly<Record<McpHost['entry'], unknown>> = {
    command: { command, args },
    'command-with-type': { type: 'stdio', command, args },
    'command-list': { type: 'local', command: [command, ...args], enabled: true },
    goose: { name, type: 'stdio', cmd: command, args, enabled: true, timeout: 300 },
    continue: { name, type: 'stdio', command, args },
  }
  return forms[entry]
}

/** A piece of the file with the entry, to paste. */
export function snippetOf(host: McpHost, name: string, command: HostCommand): string {
  const entry = entryOf(host, name, command)
  if (host.format === 'json') return JSON.stringify({ [host.member]: { [name]: entry } }, null, 2)
  if (host.format === 'toml') {
    return [
      `[${host.member}.${JSON.stringify(name)}]`,
      `command = ${JSON.stringify(command.command)}`,
      `args = ${JSON.stringify(command.args)}`,
    ].join('\n')
  }
  // JSON is YAML, so nothing needs other quotes.
  const members = Object.entries(entry as Readonly<Record<string, unknown>>).map(
    ([member, value]) => `${member}: ${JSON.stringify(value)}`,
  )
  return host.entry === 'continue'
    ? [`${host.member}:`, ...members.map((line, at) => `  ${at === 0 ? '- ' : '  '}${line}`)].join(
        '\n',
      )
    : [
        `${host.member}:`,
        `  ${JSON.stringify(name)}:`,
        ...members.map((line) => `    ${line}`),
      ].join('\n')
}

/** A name for the entry, from the host of the server's URL. */
export function nameFor(serverUrl: string): string {
  const { hostname } = new URL(serverUrl)
  const label = hostname.split('.').find((one) => !['mcp', 'www', 'api'].includes(one))
  const chosen = /^[\d.:[\]a-f]+$/.test(hostname) ? 'local' : (label ?? hostname)
  return chosen.replaceAll(/[^\w-]/g, '-').toLowerCase()
}
