import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { dueTimes } from '../../src/stores/memory/due-times.ts'

test('memory store: grants that are written often do not fill its memory with old times', async () => {
  const clock = virtualClock()
  let written = 0
  const record = () => ({ body: `${written}`, generation: written })
  const times = dueTimes(record, clock)
  const tenYears = 315_360_000
  let longest = 0
  while (written < 5000) {
    written += 1
    times.written('aa', written, tenYears)
    longest = Math.max(longest, times.queued())
    clock.advanceSeconds(1)
  }
  expect(longest).toBeGreaterThan(1)
  expect(longest).toBeLessThan(500)
  clock.advanceSeconds(tenYears)
  const { grants } = await times.index.claim({ limit: 10, claimSeconds: 60 })
  expect(grants).toMatchObject([{ id: 'aa', record: { body: '5000' }, lateSeconds: 1 }])
})
