import type { ProxyFlag, ProxyFlags } from './table.ts'
import { proxyFlags } from './table.ts'

/** The arguments of `evergrant proxy`. */
export interface ProxyArguments {
  readonly serverUrl: string
  readonly port: number | undefined
  readonly flags: ProxyFlags
}

/** The name of an option, such as `--use-id-token`. */
export function nameOf({ flags }: Pick<ProxyFlag, 'flags'>): string {
  return flags.split(' ', 1)[0] ?? flags
}

/** The name of its value, as commander derives it. */
export function memberOf(flag: Pick<ProxyFlag, 'flags'>): string {
  return nameOf(flag)
    .replace(/^--(?:no-)?/, '')
    .replaceAll(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase())
}

/** The longest time that an option accepts. */
export const maximumSeconds = 86_400

/** Reads a time in seconds; `undefined` for anything else. */
export function secondsIn(text: string, isPositive = false): number | undefined {
  const value = Number(text)
  if (text.trim() === '' || (isPositive && value === 0)) return undefined
  return value >= 0 && value <= maximumSeconds ? value : undefined
}

/** Reads a TCP port; `undefined` for anything else. */
export function portIn(text: string): number | undefined {
  const value = Number(text)
  return /^\d{1,5}$/.test(text) && value >= 1 && value <= 65_535 ? value : undefined
}

/**
 * Reads the arguments without commander, whose memory each proxy would keep as long as it runs.
 *
 * @returns `undefined` if anything is unusual. Commander then says what is wrong, or shows the help.
 */
export function parseProxyArguments(argv: readonly string[]): ProxyArguments | undefined {
  const byName = new Map(proxyFlags.map((flag) => [nameOf(flag), flag]))
  const values: Record<string, unknown> = {}
  const positional: string[] = []
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? ''
    if (!argument.startsWith('-')) {
      positional.push(argument)
      continue
    }
    const flag = byName.get(argument)
    if (flag === undefined) return undefined
    if (flag.kind === 'switch') {
      values[memberOf(flag)] = !argument.startsWith('--no-')
      continue
    }
    index += 1
    const value = valueOf(flag, argv[index], values[memberOf(flag)])
    if (value === undefined) return undefined
    values[memberOf(flag)] = value
  }
  const [serverUrl, portText] = positional
  if (serverUrl === undefined || positional.length > 2) return undefined
  const port = portText === undefined ? undefined : portIn(portText)
  if (portText !== undefined && port === undefined) return undefined
  return { serverUrl, port, flags: values }
}

function valueOf(flag: ProxyFlag, text: string | undefined, earlier: unknown): unknown {
  if (text === undefined) return undefined
  if (flag.choices !== undefined && !flag.choices.includes(text)) return undefined
  if (flag.kind === 'seconds') return secondsIn(text, flag.isPositive)
  if (flag.kind === 'port') return portIn(text)
  if (flag.kind === 'list') return [...(Array.isArray(earlier) ? earlier : []), text]
  return text
}
