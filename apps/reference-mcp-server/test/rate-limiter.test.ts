import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { createRateLimiter } from '../src/http/rate-limiter.ts'

test('limiter: forgets the key that was counted least recently, beyond 10,000 keys', () => {
  const limiter = createRateLimiter(1, virtualClock())
  limiter.count('first')
  limiter.count('second')
  for (let count = 0; count < 9998; count += 1) limiter.count(`key ${count}`)
  expect(limiter.blockedForSeconds('first')).toBe(60)
  limiter.count('one more')
  expect(limiter.blockedForSeconds('first')).toBeUndefined()
  expect(limiter.blockedForSeconds('second')).toBe(60)
})

test('limiter: blocks for a minute at most, also after the clock was set back', () => {
  let now = 1_800_000_000
  const limiter = createRateLimiter(1, { nowEpochSeconds: () => now })
  limiter.count('key')
  now -= 3600
  expect(limiter.blockedForSeconds('key')).toBeUndefined()
  expect(limiter.count('key')).toBeUndefined()
  expect(limiter.blockedForSeconds('key')).toBe(60)
})
