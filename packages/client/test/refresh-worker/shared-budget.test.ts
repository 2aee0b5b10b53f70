import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { sharedBudget } from '../../src/refresh-worker/shared-budget.ts'
import { memoryStore } from '../../src/stores/memory.ts'

test('shared budget: a busy worker gives up places for a worker that joins', async () => {
  const clock = virtualClock()
  const store = memoryStore({ clock })
  const busy = sharedBudget(store, 'https://as.test', 'a', clock)
  const joining = sharedBudget(store, 'https://as.test', 'b', clock)
  await busy.ask(100, 0, 6)
  expect(busy.granted()).toBe(6)
  await joining.ask(100, 0, 6)
  expect(joining.granted()).toBe(0)
  // Six requests are under way. When three of them have ended, no other ones are started.
  await busy.ask(100, 6, 6)
  expect(busy.granted()).toBe(3)
  await joining.ask(100, 0, 6)
  expect(joining.granted()).toBe(0)
  await busy.ask(100, 3, 6)
  await joining.ask(100, 0, 6)
  expect([busy.granted(), joining.granted()]).toEqual([3, 3])
})
