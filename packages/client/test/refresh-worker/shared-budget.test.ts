import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { recordId } from '../../src/grant/grant.ts'
import { EvergrantClientError } from '../../src/lib/errors.ts'
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

test('shared budget: workers that cannot open the record still share places', async () => {
  const clock = virtualClock()
  const memory = memoryStore({ clock })
  const closedId = await recordId(['budget', 'https://as.test'])
  const store: typeof memory = {
    ...memory,
    async read(name) {
      if (name.id !== closedId) return await memory.read(name)
      throw new EvergrantClientError('RECORD_UNREADABLE', 'It was encrypted with another key.')
    },
  }
  const one = sharedBudget(store, 'https://as.test', 'a', clock)
  const other = sharedBudget(store, 'https://as.test', 'b', clock)
  await one.ask(100, 0, 6)
  await other.ask(100, 0, 6)
  expect([one.granted(), other.granted()]).toEqual([6, 0])
})

test('shared budget: a part ends when the store fails for long, and is not larger in the meantime', async () => {
  const clock = virtualClock()
  const memory = memoryStore({ clock })
  let failing = false
  const store: typeof memory = {
    ...memory,
    async write(...write) {
      if (failing) throw new Error('read-only')
      return await memory.write(...write)
    },
  }
  const budget = sharedBudget(store, 'https://as.test', 'a', clock)
  await budget.ask(3, 0, 6)
  failing = true
  clock.advanceSeconds(5)
  await expect(budget.ask(6, 3, 6)).rejects.toMatchObject({ code: 'TOKEN_STORE_WRITE_FAILED' })
  expect(budget.granted()).toBe(3)
  clock.advanceSeconds(5)
  expect(budget.granted()).toBe(0)
})
