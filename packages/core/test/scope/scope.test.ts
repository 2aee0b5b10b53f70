import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  formatScope,
  isScopeToken,
  missingScopes,
  parseScope,
  readScope,
  uniteScopes,
} from '../../src/index.ts'
import { scopeToken } from '../arbitraries.ts'

test.each([
  ['one', 'files:read', ['files:read']],
  ['several, in order', 'b a c', ['b', 'a', 'c']],
  ['duplicates once', 'a b a', ['a', 'b']],
  [
    'all characters that RFC 6749 allows',
    "!#[]~ https://graph.test/Mail.Read a'b",
    ['!#[]~', 'https://graph.test/Mail.Read', "a'b"],
  ],
])('scope: parses %s', { tags: ['C-20'] }, (_, scope, tokens) => {
  expect(parseScope(scope)).toEqual(tokens)
})

test.each([
  ['empty', ''],
  ['two spaces', 'a  b'],
  ['space at the end', 'a '],
  ['a quote', 'a"b'],
  ['a backslash', String.raw`a\b`],
  ['a control character', 'a\nb'],
  ['more than ASCII', 'lesen:größe'],
])('scope: refuses %s', (_, scope) => {
  expect(() => parseScope(scope)).toThrow(expect.objectContaining({ code: 'SCOPE_INVALID' }))
})

test('scope: reads a value leniently, and reports what it left out', () => {
  expect(readScope('  a\tb  "c" a\n')).toEqual({ tokens: ['a', 'b'], ignored: ['"c"'] })
  expect(readScope(['a b', 7, 'c'])).toEqual({ tokens: ['a', 'b', 'c'], ignored: [] })
  expect(readScope(undefined)).toEqual({ tokens: [], ignored: [] })
  expect(readScope({ scope: 'a' })).toEqual({ tokens: [], ignored: [] })
})

test('scope: no tokens yield undefined, not an empty parameter', { tags: ['C-20'] }, () => {
  expect(formatScope([])).toBeUndefined()
})

test('scope law: a formatted value is parsed back, each token once, in order', () => {
  fc.assert(
    fc.property(fc.array(scopeToken, { minLength: 1 }), (tokens) => {
      const scope = formatScope(tokens)
      expect(parseScope(scope ?? '')).toEqual([...new Set(tokens)])
    }),
  )
})

test('scope law: reading any value yields only scope tokens', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      expect(readScope(value).tokens.every((token) => isScopeToken(token))).toBe(true)
    }),
  )
})

test(
  'scope law: a union contains every token once, in order of first appearance',
  { tags: ['C-22'] },
  () => {
    fc.assert(
      fc.property(fc.uniqueArray(scopeToken), fc.array(scopeToken), (first, second) => {
        const union = uniteScopes(first, second)
        expect(union.slice(0, first.length)).toEqual(first)
        expect(new Set(union)).toEqual(new Set([...first, ...second]))
        expect(new Set(union).size).toBe(union.length)
        expect(uniteScopes(union, second)).toEqual(union)
        expect(missingScopes(second, union)).toEqual([])
      }),
    )
  },
)

test('scope: tokens are case-sensitive', () => {
  expect(missingScopes(['Read', 'read'], ['read'])).toEqual(['Read'])
})
