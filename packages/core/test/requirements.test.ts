import { expect, test } from 'vitest'
import { requirements } from '../src/index.ts'

test('requirements: every ID is unique', () => {
  const ids = requirements.map((row) => row.id)
  expect(new Set(ids).size).toBe(ids.length)
})
