import { expect, test } from 'vitest'
import { isShown } from '../src/follow/compare.ts'

test('compare: times, IDs, dates and runs of spaces are not compared', () => {
  const shown = 'id 21f4a4ea-87ba-45eb-96ff-332678796f33   at 2026-11-28T06:33:37.000Z in 0.26 s'
  const printed = 'id 00000000-0000-4000-8000-000000000000 at 2027-01-01T00:00:00.000Z in 11 s\n'
  expect(isShown(shown, printed)).toBe(true)
})

test.each([
  ['a\n…\nd', 'a\nb\nc\nd', true],
  ['a\n…\nd', 'a\nd', true],
  ['a\n…', 'a\nb', true],
  ['a\n…\nd', 'a\nb\nc', false],
  ['one … three', 'one two three', true],
  ['one … three', 'one two', false],
  ['a', 'a\nb', false],
  ['a.c', 'abc', false],
  ['failed 0', 'failed 1', false],
])('compare: %j shows %j: %j', (shown, printed, expected) => {
  expect(isShown(shown, printed)).toBe(expected)
})

test('compare: numbers vary only where the page says so', () => {
  expect(isShown('calls 120 (expired)', 'calls 7 (ahead of expiry)')).toBe(false)
  expect(isShown('calls 120 (expired)', 'calls 7 (ahead of expiry)', { numbersVary: true })).toBe(
    true,
  )
})

test('compare: in any order, each shown line must be printed', () => {
  expect(isShown('b\na', 'a\nc\nb', { anyOrder: true })).toBe(true)
  expect(isShown('b\nd', 'a\nc\nb', { anyOrder: true })).toBe(false)
})

test('compare: a program that still runs may print more', () => {
  expect(isShown('a', 'a\nb', { isUnfinished: true })).toBe(true)
  expect(isShown('b', 'a\nb', { isUnfinished: true })).toBe(false)
})
