import type { IncomingMessage, ServerResponse } from 'node:http'

/** Counts events by key in fixed windows. */
export interface Limiter {
  /** Seconds until the key may go on, or `undefined` when it may now. */
  blockedForSeconds(key: string): number | undefined
  count(key: string): void
}

/** More keys than a window sees in earnest; an attacker with more addresses resets the counts. */
const maximumKeys = 50_000

/**
 * A limiter that allows `maximum` events for each key in `windowSeconds`. In memory: each process
 * counts for itself.
 */
export function createLimiter(
  maximum: number,
  windowSeconds: number,
  nowEpochSeconds: () => number = () => Math.floor(Date.now() / 1000),
): Limiter {
  let windowStart = nowEpochSeconds()
  let counts = new Map<string, number>()

  function current(): Map<string, number> {
    const now = nowEpochSeconds()
    if (now - windowStart >= windowSeconds || counts.size > maximumKeys) {
      windowStart = now
      counts = new Map()
    }
    return counts
  }

  return {
    blockedForSeconds(key) {
      if ((current().get(key) ?? 0) < maximum) return undefined
      return Math.max(1, windowStart + windowSeconds - nowEpochSeconds())
    },
    count(key) {
      const counting = current()
      counting.set(key, (counting.get(key) ?? 0) + 1)
    },
  }
}

/** One attempt to sign in. */
export type SignInAttempt =
  | { readonly blocked: false; readonly failed: () => void }
  | { readonly blocked: true; readonly message: string }

export interface RateLimits {
  signIn(request: IncomingMessage, username: string): SignInAttempt
  /** Seconds to wait, where a request to this path is one too many. */
  endpoint(request: IncomingMessage, response: ServerResponse, path: string): number | undefined
}

export interface RateLimitOptions {
  readonly enabled: boolean
  /** The last entry of X-Forwarded-For is the proxy's word, and the peer's address is the proxy. */
  readonly behindProxy: boolean
}

/**
 * Failed sign-ins: 10 for a name and 50 in all from one address in 15 minutes. Failed token
 * requests: 100 a minute; those that succeed are never limited, a gateway refreshes for thousands.
 * Registrations: 60 in 10 minutes.
 */
export function createRateLimits({ enabled, behindProxy }: RateLimitOptions): RateLimits {
  const byName = createLimiter(10, 900)
  const byAddress = createLimiter(50, 900)
  const tokenFailures = createLimiter(100, 60)
  const registrations = createLimiter(60, 600)

  const addressOf = (request: IncomingMessage): string => {
    const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',').at(-1)
    const last = forwarded?.trim()
    return behindProxy && last ? last : (request.socket.remoteAddress ?? '')
  }

  return {
    signIn(request, username) {
      const address = addressOf(request)
      const name = `${address} ${username.slice(0, 100).toLowerCase()}`
      const seconds = byName.blockedForSeconds(name) ?? byAddress.blockedForSeconds(address)
      if (enabled && seconds !== undefined) {
        const minutes = Math.ceil(seconds / 60)
        const wait = minutes === 1 ? 'a minute' : `${minutes} minutes`
        return { blocked: true, message: `Too many attempts. Wait ${wait} and try again.` }
      }
      return {
        blocked: false,
        failed() {
          byName.count(name)
          byAddress.count(address)
        },
      }
    },

    endpoint(request, response, path) {
      if (!enabled || request.method !== 'POST') return undefined
      const address = addressOf(request)
      if (path === '/reg') {
        const seconds = registrations.blockedForSeconds(address)
        registrations.count(address)
        return seconds
      }
      if (path !== '/token') return undefined
      const seconds = tokenFailures.blockedForSeconds(address)
      if (seconds !== undefined) return seconds
      response.once('finish', () => {
        if (response.statusCode === 400 || response.statusCode === 401) tokenFailures.count(address)
      })
      return undefined
    },
  }
}
