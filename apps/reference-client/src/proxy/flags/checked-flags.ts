import type { CommandArguments } from '../../commands/runner.ts'
import type { ProxyFlags } from './table.ts'

/** The arguments that are checked as for every command. The others are checked by the proxy. */
export function checkedFlags(serverUrl: string, flags: ProxyFlags): CommandArguments {
  const { resource, ...others } = flags
  return {
    // With --allow-http, the URL may be one that sign-ins refuse.
    ...(flags.allowHttp === true ? {} : { serverUrl }),
    flags: resource === undefined || resource === '' ? others : flags,
  }
}
