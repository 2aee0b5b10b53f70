import { Agent, EnvHttpProxyAgent } from 'undici'
import { fetchThrough } from './fetch-through.ts'
import { TunnelPool } from './proxy-tunnel.ts'

/** The proxies of an environment. An empty text is no proxy. */
export interface ProxySettings {
  readonly httpProxy: string
  readonly httpsProxy: string
  readonly noProxy: string
}

/** A `fetch` through the configured proxies, and one without. */
export interface ProxiedConnections {
  readonly proxied: typeof globalThis.fetch
  readonly direct: typeof globalThis.fetch
}

export function openConnections(settings: ProxySettings): ProxiedConnections {
  const proxied = new EnvHttpProxyAgent({
    ...settings,
    clientFactory: (origin, more) => new TunnelPool(origin, more),
  })
  const direct = new Agent()
  return {
    proxied: (input, init) => fetchThrough(proxied, input, init),
    direct: (input, init) => fetchThrough(direct, input, init),
  }
}
