import { expect, test } from 'vitest'
import { keepThroughThePeak } from '../src/refresh-worker.ts'

test(
  'refresh worker: refreshes each of many grants once before it expires, even if all expire within one minute',
  { tags: ['C-51', 'C-55'] },
  async () => {
    const seen = await keepThroughThePeak(300)
    expect(seen).toMatchObject({ inTime: 300, late: 0, repeated: 0 })
    expect(seen.peakAtOnce).toBeLessThanOrEqual(8)
  },
)
