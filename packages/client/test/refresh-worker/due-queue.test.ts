import { array, assert, double, nat, oneof, option, property } from 'fast-check'
import { expect, test } from 'vitest'
import { dueQueue } from '../../src/refresh-worker/due-queue.ts'

// 0 and -0 are the same time in any order, but `toEqual` distinguishes them.
const times = array(oneof(double({ noNaN: true }), nat({ max: 5 })).map((time) => time + 0))

test('due queue: items are returned in the order in which they are due', () => {
  assert(
    property(times, (dues) => {
      const queue = dueQueue()
      for (const dueAtEpochSeconds of dues) queue.add({ dueAtEpochSeconds })
      expect(queue.size).toBe(dues.length)
      const taken = dues.map(() => queue.take()?.dueAtEpochSeconds)
      expect(taken).toEqual(dues.toSorted((a, b) => a - b))
      expect(queue.take()).toBeUndefined()
    }),
  )
})

test('due queue: adding and taking in any order returns the earliest item', () => {
  const steps = array(option(nat({ max: 100 })))
  assert(
    property(steps, (actions) => {
      const queue = dueQueue()
      let model: number[] = []
      const taken: (number | undefined)[] = []
      const expected: (number | undefined)[] = []
      for (const action of actions) {
        if (action === null) {
          taken.push(queue.take()?.dueAtEpochSeconds)
          expected.push(model[0])
          model = model.slice(1)
        } else {
          queue.add({ dueAtEpochSeconds: action })
          model = [...model, action].toSorted((a, b) => a - b)
        }
        taken.push(queue.peek()?.dueAtEpochSeconds)
        expected.push(model[0])
      }
      expect(taken).toEqual(expected)
    }),
  )
})
