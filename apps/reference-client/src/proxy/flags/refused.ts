import { CliError } from '../../lib/errors.ts'
import { memberOf, nameOf } from './parse.ts'
import type { ProxyFlags } from './table.ts'
import { proxyFlags } from './table.ts'

/**
 * Checks that no option of mcp-remote is given that the proxy refuses.
 *
 * @throws CliError `USAGE` with the replacement
 */
export function assertAccepted(flags: ProxyFlags): void {
  const given = new Map(Object.entries(flags))
  for (const flag of proxyFlags) {
    if (flag.refused === undefined || given.get(memberOf(flag)) === undefined) continue
    throw new CliError('USAGE', `The option ${nameOf(flag)} is not supported. ${flag.refused}`)
  }
}
