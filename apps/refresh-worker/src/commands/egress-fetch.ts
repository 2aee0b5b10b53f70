import { guardedFetch } from '@evergrant/client/guarded-fetch'
import { proxyFetch } from '@evergrant/client/proxy-fetch'
import type { CliEnvironment } from '../lib/environment.ts'

/**
 * The `fetch` for authorization servers. Users of a gateway choose MCP servers, and these choose
 * authorization servers, so by default only public addresses are allowed. Behind a proxy only the
 * address of the proxy could be checked, so proxies are used only without that limit.
 */
export function egressFetch(
  allowPrivateNetwork: boolean,
  env: CliEnvironment['env'],
): typeof globalThis.fetch {
  return allowPrivateNetwork ? proxyFetch(env) : guardedFetch()
}
