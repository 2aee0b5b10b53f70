import { virtualClock } from '@evergrant/test-kit'
import TinyQueue from 'tinyqueue'
import { expect, test, vi } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'

test('memory store: grants that are written often do not fill its memory with old times', async () => {
  const clock = virtualClock()
  const store = memoryStore({ clock })
  const push = vi.spyOn(TinyQueue.prototype, 'push')
  const tenYears = 315_360_000
  for (let written = 0; written < 5000; written += 1) {
    await store.write({ kind: 'grant', id: 'aa' }, `${written}`, written, tenYears)
    clock.advanceSeconds(1)
  }
  const longest = Math.max(
    ...push.mock.contexts.map((queue) => (queue as TinyQueue<unknown>).length),
  )
  push.mockRestore()
  expect(longest).toBeLessThan(500)
  clock.advanceSeconds(tenYears)
  const { grants } = await store.due.claim({ limit: 10, claimSeconds: 60 })
  expect(grants).toMatchObject([{ id: 'aa', record: { body: '4999' }, lateSeconds: 1 }])
})
