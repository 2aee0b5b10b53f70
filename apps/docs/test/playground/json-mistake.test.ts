import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineOfMistake } from '../../src/playground/json-mistake'

test.each([
  ['{\n  "a": 1\n  "b": 2\n}', 3],
  ['{\n  "a": [1, 2,\n  ]\n}', 3],
  ["{\n  'a': 1\n}", 2],
  ['{\n\n  "a": undefined\n}', 3],
  ['{ "a": 1', 1],
  ['{}\n{}', 2],
  ['', 1],
  ['{\n"a": "b\n"}', 2],
])('json: the first mistake of %j is in line %i', (text, line) => {
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError)
  expect(lineOfMistake(text)).toBe(line)
})

test('json: a sign after a whole document is found where it is', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const lines = JSON.stringify(JSON.parse(json), null, 2).split('\n').length
      expect(lineOfMistake(`${JSON.stringify(JSON.parse(json), null, 2)}\n}`)).toBe(lines + 1)
    }),
  )
})
