import type { IncomingMessage, ServerResponse } from 'node:http'
import { requesterOf } from './addresses.ts'

/** Counts events by key in fixed windows. */
export interface Limiter {
  /** Seconds until the key may go on, or `undefined` when it may now. */
  blockedForSeconds(key: string): number | undefined
  count(key: string): void
  /** Takes one count back. */
  uncount(key: string): void
}

/** More keys than a window sees in earnest; beyond them the one counted longest ago is forgotten. */
const defaultMaximumKeys = 50_000

/** Options of {@link createLimiter}. */
export interface LimiterOptions {
  readonly nowEpochSeconds?: (() => number) | undefined
  readonly maximumKeys?: number | undefined
}

/**
 * A limiter that allows `maximum` events for each key in `windowSeconds`. In memory: each process
 * counts for itself.
 */
export function createLimiter(
  maximum: number,
  windowSeconds: number,
  options: LimiterOptions = {},
): Limiter {
  const { maximumKeys = defaultMaximumKeys } = options
  const nowEpochSeconds = options.nowEpochSeconds ?? (() => Math.floor(Date.now() / 1000))
  let windowStart = nowEpochSeconds()
  let counts = new Map<string, number>()

  function current(): Map<string, number> {
    const now = nowEpochSeconds()
    if (now - windowStart >= windowSeconds) {
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
      const counted = counting.get(key) ?? 0
      // A map keeps the order of insertion: what is counted again goes to its end.
      counting.delete(key)
      counting.set(key, counted + 1)
      if (counting.size <= maximumKeys) return
      const [oldest] = counting.keys()
      if (oldest !== undefined) counting.delete(oldest)
    },
    uncount(key) {
      const counting = current()
      const counted = counting.get(key)
      if (counted === undefined) return
      if (counted > 1) counting.set(key, counted - 1)
      else counting.delete(key)
    },
  }
}

/** One attempt to sign in; it counts as failed until it is said to have succeeded. */
export type SignInAttempt =
  | { readonly blocked: false; readonly succeeded: () => void }
  | { readonly blocked: true; readonly message: string }

export interface RateLimits {
  signIn(request: IncomingMessage, username: string): SignInAttempt
  /** Seconds to wait, where a request to this path is one too many. */
  endpoint(request: IncomingMessage, response: ServerResponse, path: string): number | undefined
}

export interface RateLimitOptions {
  readonly enabled: boolean
  /** See {@link requesterOf}. */
  readonly trustedProxies: number
}

/**
 * Failed sign-ins in 15 minutes: 10 for a name and 50 in all from one address, 50 for a name from
 * anywhere. An IPv6 address counts with all others of its /64, which one household has. Failed token
 * requests: 100 a minute; those that succeed are never limited, a gateway refreshes for thousands.
 * Registrations: 60 in 10 minutes. Authorization requests and sign-outs, which are
 * stored before the user is known: 600 in 10 minutes, enough for an office of hundreds of people
 * behind one address. Later pages of a sign-in are not limited.
 */
export function createRateLimits({ enabled, trustedProxies }: RateLimitOptions): RateLimits {
  const byNameAndAddress = createLimiter(10, 900)
  const byAddress = createLimiter(50, 900)
  const byName = createLimiter(50, 900)
  const tokenFailures = createLimiter(100, 60)
  const registrations = createLimiter(60, 600)
  const starts = createLimiter(600, 600)

  const addressOf = (request: IncomingMessage): string => requesterOf(request, trustedProxies)

  return {
    signIn(request, username) {
      if (!enabled) return { blocked: false, succeeded() {} }
      const address = addressOf(request)
      const name = username.slice(0, 100).toLowerCase()
      const counted = [
        [byNameAndAddress, `${address} ${name}`],
        [byAddress, address],
        [byName, name],
      ] as const
      for (const [limiter, key] of counted) {
        const seconds = limiter.blockedForSeconds(key)
        if (seconds === undefined) continue
        const minutes = Math.ceil(seconds / 60)
        const wait = minutes === 1 ? 'a minute' : `${minutes} minutes`
        return { blocked: true, message: `Too many attempts. Wait ${wait} and try again.` }
      }
      // Before the password is looked at, which takes a while: guesses sent all at once count too.
      for (const [limiter, key] of counted) limiter.count(key)
      return {
        blocked: false,
        succeeded() {
          for (const [limiter, key] of counted) limiter.uncount(key)
        },
      }
    },

    endpoint(request, response, path) {
      if (!enabled) return undefined
      const address = addressOf(request)
      // Whatever the method: the engine answers HEAD as it answers GET.
      if (path === '/auth' || path === '/session/end') return oneMore(starts, address)
      if (request.method !== 'POST') return undefined
      if (path === '/reg') return oneMore(registrations, address)
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

function oneMore(limiter: Limiter, address: string): number | undefined {
  const seconds = limiter.blockedForSeconds(address)
  limiter.count(address)
  return seconds
}
