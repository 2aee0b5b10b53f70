import { isLoopbackHost } from '@evergrant/core/network'
import { EvergrantClientError } from './lib/errors.ts'
import { ProxyError } from './protocol/proxy-error.ts'
import type { NamedProxy } from './protocol/proxy-error.ts'
import type { ProxiedConnections } from './lib/proxied-connections.ts'

export { ProxyError }
export type { NamedProxy } from './protocol/proxy-error.ts'

/** Environment variables by name, such as `process.env`. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>

/**
 * Makes a `fetch` that uses the proxies of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in upper or
 * lower case. The `fetch` of Node.js ignores them by default. Pass it to `createSession` and to
 * `authorizedFetch`. Hosts on loopback are always reached directly.
 *
 * Rejects with {@link ProxyError}, which names the variable, if a request fails while a proxy is
 * configured for it, and otherwise as `fetch` does.
 *
 * Requires Node.js, and the package `undici` if a proxy is configured. It is loaded by the first request.
 *
 * @param environment - Read once. Without a proxy in it, requests go to the `fetch` of the runtime.
 * @throws EvergrantClientError `INVALID_OPTION` for a proxy that is not an `http`, `https` or `socks5` URL.
 * @example
 * const fetch = proxyFetch(process.env)
 * const session = createSession(url, { ...options, fetch })
 */
export function proxyFetch(environment: ProxyEnvironment): typeof globalThis.fetch {
  const http = readProxy(environment, ['http_proxy', 'HTTP_PROXY'])
  const https = readProxy(environment, ['https_proxy', 'HTTPS_PROXY']) ?? http
  if (http === undefined && https === undefined) return (input, init) => fetch(input, init)
  const settings = {
    // An empty text is no proxy. Without a value, undici would read the environment of the process.
    httpProxy: http?.url ?? '',
    httpsProxy: https?.url ?? '',
    noProxy: environment['no_proxy'] ?? environment['NO_PROXY'] ?? '',
  }
  // Loading undici takes longer than many commands. Without a proxy, it is not needed.
  let opening: Promise<ProxiedConnections> | undefined
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input))
    opening ??= import('./lib/proxied-connections.ts').then((lib) => lib.openConnections(settings))
    const connections = await opening
    if (isLoopbackHost(url.hostname)) return await connections.direct(input, init)
    const proxy = url.protocol === 'https:' ? https : http
    try {
      return await connections.proxied(input, init)
    } catch (cause) {
      if (proxy === undefined || isCanceled(init?.signal)) throw cause
      throw new ProxyError(proxy.named, { cause })
    }
  }
}

/** A request that took too long may have waited for the proxy, so its error names the proxy. */
function isCanceled(signal: AbortSignal | null | undefined): boolean {
  if (signal?.aborted !== true) return false
  const reason: unknown = signal.reason
  return !(reason instanceof Error && reason.name === 'TimeoutError')
}

interface ConfiguredProxy {
  /** With its credentials. */
  readonly url: string
  readonly named: NamedProxy
}

function readProxy(
  environment: ProxyEnvironment,
  variables: readonly string[],
): ConfiguredProxy | undefined {
  const variable = variables.find((name) => (environment[name] ?? '') !== '')
  if (variable === undefined) return undefined
  const value = environment[variable] ?? ''
  // `proxy.example:3128` is common, and curl accepts it.
  const text = /^[a-z][\w+.-]*:\/\//i.test(value) ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:', 'socks5:'].includes(url.protocol)) {
    // The value may contain a password, so it is not shown.
    throw new EvergrantClientError(
      'INVALID_OPTION',
      `The environment variable ${variable} cannot be used: it names no proxy (expected a URL such as http://proxy.example:3128). Correct or unset it.`,
    )
  }
  return { url: text, named: { variable, origin: `${url.protocol}//${url.host}` } }
}
