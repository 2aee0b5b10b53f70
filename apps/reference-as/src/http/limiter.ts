import { hash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Store } from '../store/store.ts'

/** Counts events by key, in windows that begin with the first event of a key. */
export interface Limiter {
  /**
   * Seconds until the key may continue, or `undefined` when it may continue now. Knows only the
   * events that this instance counted, and does not query the store.
   */
  blockedForSeconds(key: string): number | undefined
  /** Counts one event. Seconds until the key may continue when the event was one too many. */
  count(key: string): Promise<number | undefined>
  /** Takes one event back. */
  uncount(key: string): Promise<void>
}

/** What a limiter allows. */
export interface LimiterRule {
  /** Distinguishes its counters from those of other limiters. */
  readonly name: string
  readonly maximum: number
  readonly windowSeconds: number
  /** How many keys one instance counts. Beyond that, it drops the least recently counted key. */
  readonly maximumKeys?: number | undefined
}

/** More keys than one window has in normal operation. */
const defaultMaximumKeys = 50_000

/**
 * A limiter whose counters are in the store, where all instances share them. While the store fails,
 * each instance counts in memory: limits neither vanish in an outage nor lock users out.
 *
 * Keys are hashed, because they contain network addresses and user names.
 */
export function createLimiter(
  store: Pick<Store, 'rateLimiter'>,
  { name, maximum, windowSeconds, maximumKeys = defaultMaximumKeys }: LimiterRule,
): Limiter {
  const rule = { keyPrefix: name, points: maximum, duration: windowSeconds }
  const limiter = store.rateLimiter({ ...rule, insuranceLimiter: new RateLimiterMemory(rule) })
  /** Keys this instance counted, least recently counted first, and until when they are blocked. */
  const counted = new Map<string, number>()

  async function remember(id: string, result: RateLimiterRes): Promise<void> {
    const isBlocked = result.consumedPoints >= maximum
    counted.delete(id)
    counted.set(id, isBlocked ? Date.now() + result.msBeforeNext : 0)
    const [oldest] = counted.keys()
    if (counted.size <= maximumKeys || oldest === undefined) return
    counted.delete(oldest)
    await limiter.delete(oldest)
  }

  return {
    blockedForSeconds(key) {
      const blockedUntil = counted.get(idOf(key)) ?? 0
      return blockedUntil > Date.now() ? secondsOf(blockedUntil - Date.now()) : undefined
    },
    async count(key) {
      const id = idOf(key)
      try {
        await remember(id, await limiter.consume(id))
        return undefined
      } catch (result) {
        // The library rejects with the result when the limit is exceeded.
        if (!(result instanceof RateLimiterRes)) throw result
        await remember(id, result)
        return secondsOf(result.msBeforeNext)
      }
    },
    async uncount(key) {
      const id = idOf(key)
      if (counted.has(id)) counted.set(id, 0)
      await limiter.reward(id)
    },
  }
}

function idOf(key: string): string {
  return hash('sha256', key, 'base64url')
}

function secondsOf(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000))
}
