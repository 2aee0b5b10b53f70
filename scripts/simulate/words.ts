import type { ClientId, ForcedReason, Row, Situation } from '../../tests/simulate/src/index.ts'
import { forcedCount, signInsOf } from '../../tests/simulate/src/index.ts'

export const clientNames: Readonly<Record<ClientId, string>> = {
  'sdk-v1': 'SDK 1.x',
  'sdk-v1-offline': 'SDK 1.x, asking',
  'sdk-v2': 'SDK 2.x',
  'mcp-remote': 'mcp-remote',
  ours: 'Evergrant',
}

export const situationNames: Readonly<Record<Situation, string>> = {
  nothing: 'Nothing goes wrong',
  sleep: 'Sleep',
  restarts: 'Restarts',
  'lost-responses': 'Lost responses',
  outages: 'Outages',
  everything: 'Everything',
}

const reasonNames: Readonly<Record<Exclude<ForcedReason, 'first-sign-in'>, string>> = {
  'no-refresh-token': 'no refresh token',
  idle: 'not used for too long',
  absolute: 'too old',
  lost: 'response lost',
}

/** `13: 12 × response lost`, and `1` if only the first sign-in is necessary. */
export function forcedWords({ forced }: Row): string {
  const reasons = Object.entries(reasonNames).flatMap(([reason, name]) => {
    const count = forced[reason as ForcedReason]
    return count === 0 ? [] : [`${count} × ${name}`]
  })
  return `${forcedCount(forced)}${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}`
}

/** The sign-ins of a client, or that there can be none. */
export function signInWords(row: Row, client: ClientId): string {
  return signInsOf(row.clients[client])?.toString() ?? 'none possible'
}

/** One value if both are equal, otherwise that of one process and that of four. */
export function both(one: string, four: string): string {
  return one === four ? one : `${one} / ${four}`
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
