import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { expect, test } from 'vitest'
import type { OpenedStore } from './opened-store.ts'

export function rateLimiterContract(open: () => Promise<OpenedStore>): void {
  const rule = { keyPrefix: 'test', points: 5, duration: 60 }
  const insuranceLimiter = new RateLimiterMemory(rule)

  test(
    'rate limiter: of many concurrent events, the limit succeeds',
    { tags: ['A-08'] },
    async () => {
      await using opened = await open()
      const limiter = opened.store.rateLimiter({ ...rule, insuranceLimiter })
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, async () => await limiter.consume('key')),
      )
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
      const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
      expect(refused.every((reason) => reason instanceof RateLimiterRes)).toBe(true)
      await limiter.reward('key', 16)
      expect((await limiter.consume('key')).consumedPoints).toBe(5)
      await limiter.delete('key')
      expect((await limiter.consume('key')).consumedPoints).toBe(1)
    },
  )

  test('rate limiter: limiters with other prefixes count separately', async () => {
    await using opened = await open()
    const one = opened.store.rateLimiter({ ...rule, insuranceLimiter })
    const other = opened.store.rateLimiter({ ...rule, keyPrefix: 'other', insuranceLimiter })
    await one.consume('key')
    expect((await other.consume('key')).consumedPoints).toBe(1)
  })

  test('rate limiter: the sweep deletes expired counters', { tags: ['A-08'] }, async () => {
    await using opened = await open()
    const limiter = opened.store.rateLimiter({ ...rule, insuranceLimiter })
    await limiter.consume('key')
    const now = Math.floor(Date.now() / 1000)
    expect(await opened.store.sweep(now)).toBe(0)
    expect(await opened.store.sweep(now + 62)).toBe(1)
    expect(await limiter.get('key')).toBeNull()
  })
}
