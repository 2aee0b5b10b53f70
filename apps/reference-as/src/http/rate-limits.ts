import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Store } from '../store/store.ts'
import { requesterOf } from './addresses.ts'
import { createLimiter } from './limiter.ts'
import type { Limiter } from './limiter.ts'

/** One attempt to sign in. It counts as failed until `succeeded` is called. */
export type SignInAttempt =
  | { readonly blocked: false; readonly succeeded: () => Promise<void> }
  | { readonly blocked: true; readonly message: string }

export interface RateLimits {
  signIn(request: IncomingMessage, username: string): Promise<SignInAttempt>
  /** Seconds to wait, when a request to this path is one too many. */
  endpoint(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): Promise<number | undefined>
  /** The response to a token request is no failure: the user has not approved the device yet. */
  excuse(response: ServerResponse): void
}

export interface RateLimitOptions {
  readonly enabled: boolean
  /** See {@link requesterOf}. */
  readonly trustedProxies: number
  /** Called when a count after the response failed. */
  readonly observeFailure: (error: unknown) => void
}

/**
 * Failed sign-ins in 15 minutes: 10 for a name and 50 in total from one address, 50 for a name from
 * all addresses. An IPv6 address counts with all others of its /64, which one household has. Failed
 * token requests: 100 a minute. Successful ones are never limited, because a gateway refreshes for
 * thousands of users. Registrations: 60 in 10 minutes. Authorization requests and sign-outs, which are
 * stored before the user is known: 600 in 10 minutes, enough for an office of hundreds of users behind
 * one address. User codes of the device grant: 60 in 10 minutes, far too few to guess one. Later pages of a sign-in are not limited.
 *
 * All instances on one database share the counters. The token endpoint does not query them before a
 * request, so that a successful refresh costs no query: an instance notices that an address is blocked
 * with the next failure there.
 */
export function createRateLimits(
  store: Pick<Store, 'rateLimiter'>,
  { enabled, trustedProxies, observeFailure }: RateLimitOptions,
): RateLimits {
  const limiter = (name: string, maximum: number, windowSeconds: number) =>
    createLimiter(store, { name, maximum, windowSeconds })
  const byNameAndAddress = limiter('sign-in:name-and-address', 10, 900)
  const byAddress = limiter('sign-in:address', 50, 900)
  const byName = limiter('sign-in:name', 50, 900)
  const tokenFailures = limiter('token-failure', 100, 60)
  const registrations = limiter('registration', 60, 600)
  const starts = limiter('start', 600, 600)
  const userCodes = limiter('user-code', 60, 600)
  const excused = new WeakSet<ServerResponse>()

  const addressOf = (request: IncomingMessage): string => requesterOf(request, trustedProxies)

  return {
    async signIn(request, username) {
      if (!enabled) return { blocked: false, async succeeded() {} }
      const address = addressOf(request)
      const name = username.slice(0, 100).toLowerCase()
      const counters = [
        [byNameAndAddress, `${address} ${name}`],
        [byAddress, address],
        [byName, name],
      ] as const
      // Counted before the slow check of the password, so that concurrent guesses count too.
      for (const [index, [one, key]] of counters.entries()) {
        const seconds = await one.count(key)
        if (seconds === undefined) continue
        // A blocked attempt is not a guess.
        await uncount(counters.slice(0, index + 1))
        const minutes = Math.ceil(seconds / 60)
        const wait = minutes === 1 ? 'a minute' : `${minutes} minutes`
        return { blocked: true, message: `Too many attempts. Wait ${wait} and try again.` }
      }
      return { blocked: false, succeeded: async () => await uncount(counters) }
    },

    async endpoint(request, response, path) {
      if (!enabled) return undefined
      const address = addressOf(request)
      // For every method: the engine answers HEAD as it answers GET.
      if (path === '/auth' || path === '/session/end') return await oneMore(starts, address)
      if (request.method !== 'POST') return undefined
      if (path === '/device/auth') return await oneMore(starts, address)
      if (path === '/device') return await oneMore(userCodes, address)
      if (path === '/reg') return await oneMore(registrations, address)
      if (path !== '/token') return undefined
      const seconds = tokenFailures.blockedForSeconds(address)
      if (seconds !== undefined) return seconds
      response.once('finish', () => {
        if (response.statusCode !== 400 && response.statusCode !== 401) return
        if (excused.has(response)) return
        tokenFailures.count(address).catch(observeFailure)
      })
      return undefined
    },

    excuse(response) {
      excused.add(response)
    },
  }
}

async function uncount(counters: readonly (readonly [Limiter, string])[]): Promise<void> {
  for (const [limiter, key] of counters) await limiter.uncount(key)
}

async function oneMore(limiter: Limiter, address: string): Promise<number | undefined> {
  return limiter.blockedForSeconds(address) ?? (await limiter.count(address))
}
