import { seededRandom } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { earliestFirst } from '../../src/lib/earliest-first.ts'

test.each([1, 2, 3, 4])('earliest first: agrees with a sorted list, seed %i', (seed) => {
  const random = seededRandom(seed)
  const draw = (): number =>
    random() < 0.05 ? Number.NEGATIVE_INFINITY : Math.floor(random() * 50)
  const sorted = Array.from({ length: 40 }, draw)
  const queue = earliestFirst(sorted, (time) => time)
  sorted.sort((a, b) => (a === b ? 0 : a - b))
  for (let step = 0; step < 2000; step += 1) {
    expect(queue.size()).toBe(sorted.length)
    expect(queue.earliest()).toBe(sorted[0])
    if (random() < 0.5) {
      const time = draw()
      queue.add(time)
      const later = sorted.findIndex((other) => other > time)
      sorted.splice(later === -1 ? sorted.length : later, 0, time)
    } else {
      queue.removeEarliest()
      sorted.shift()
    }
  }
})

test('earliest first: nothing happens to an empty queue', () => {
  const queue = earliestFirst<number>([], (time) => time)
  queue.removeEarliest()
  expect(queue.size()).toBe(0)
  expect(queue.earliest()).toBeUndefined()
})
