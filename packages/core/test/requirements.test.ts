import { expect, test } from 'vitest'
import { requirements } from '../src/index.ts'

test('every requirement has an ID of its own', () => {
  const ids = requirements.map((row) => row.id)
  expect(new Set(ids).size).toBe(ids.length)
})
