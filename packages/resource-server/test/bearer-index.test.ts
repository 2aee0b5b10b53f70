import { expect, test } from 'vitest'
import { createBearerIndex } from '../src/token/bearer-index.ts'

const end = 'the-same-last-16-characters'

test('bearer index: compares the whole header', { tags: ['S-12'] }, () => {
  const index = createBearerIndex()
  const entry = { authorization: `Bearer one.${end}` }
  index.add(entry)
  expect(index.find(`Bearer one.${end}`)).toBe(entry)
  expect(index.find(`Bearer two.${end}`)).toBeUndefined()
  expect(index.find(`bearer one.${end}`)).toBeUndefined()
  expect(index.find('')).toBeUndefined()
})

test(
  'bearer index: of two tokens with the same end, the one that was added last is found',
  { tags: ['S-12'] },
  () => {
    const index = createBearerIndex()
    const [one, two] = ['one', 'two'].map((name) => ({ authorization: `Bearer ${name}.${end}` }))
    if (one === undefined || two === undefined) throw new Error('expected two entries')
    index.add(one)
    index.add(two)
    expect(index.find(one.authorization)).toBeUndefined()
    // Removing the other one must not remove it.
    index.remove(one)
    expect(index.find(two.authorization)).toBe(two)
    index.remove(two)
    expect(index.find(two.authorization)).toBeUndefined()
  },
)
