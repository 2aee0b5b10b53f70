const brand: symbol = Symbol.for('evergrant.ProxyError')

/** The proxy that an environment variable names, without its credentials. */
export interface NamedProxy {
  /** The environment variable, as it is spelled. */
  readonly variable: string
  /** Scheme, host and port. */
  readonly origin: string
}

/** A request that failed while a proxy was configured. The cause is the error of `fetch`. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly proxy: NamedProxy
  /** The status with which the proxy refused to connect, such as 407. */
  readonly status: number | undefined
  /** The variable, the proxy and its answer, for the middle of a sentence. */
  readonly detail: string

  constructor(proxy: NamedProxy, options: { readonly cause: unknown }) {
    const status = refusalOf(options.cause)
    const answer = status === undefined ? '' : `, which answered with status ${status}`
    const detail = `${proxy.variable} names the proxy ${proxy.origin}${answer}`
    super(
      `The request failed: ${detail}. Check the proxy, or list the host in NO_PROXY if it must be reached directly.`,
      options,
    )
    this.proxy = proxy
    this.status = status
    this.detail = detail
    Object.defineProperty(this, brand, { value: true })
  }

  /** Recognizes the error, also from another installed copy of this package. */
  static is(value: unknown): value is ProxyError {
    return isProxyError(value)
  }
}

/** The same without the class, which few programs need. */
export function isProxyError(value: unknown): value is ProxyError {
  return typeof value === 'object' && value !== null && brand in value
}

const longestChain = 8

/** The package `undici` reports the status of a proxy only in a message, somewhere in the causes. */
function refusalOf(error: unknown): number | undefined {
  let next = error
  for (let depth = 0; next instanceof Error && depth < longestChain; depth += 1) {
    const match = /^Proxy response \((\d{3})\)/.exec(next.message)
    if (match !== null) return Number(match[1])
    next = next.cause
  }
  return undefined
}
