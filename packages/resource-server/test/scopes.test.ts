import { array, assert, nat, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { createScopeHierarchy } from '../src/index.ts'
import type { ScopeImplications } from '../src/index.ts'

test('scope hierarchy: implications are transitive', { tags: ['S-14'] }, () => {
  const hierarchy = createScopeHierarchy({ admin: ['write'], write: ['read', 'list'] })
  expect(hierarchy.expand(['admin'])).toEqual(['admin', 'write', 'read', 'list'])
  expect(hierarchy.missing(['read', 'list'], ['admin'])).toEqual([])
  expect(hierarchy.missing(['read', 'admin', 'other'], ['write'])).toEqual(['admin', 'other'])
  expect(hierarchy.missing(['write'], ['read'])).toEqual(['write'])
})

test.each<[string, ScopeImplications, string]>([
  ['itself', { a: ['a'] }, 'a → a'],
  ['a cycle', { a: ['b'], b: ['c'], c: ['a'] }, 'a → b → c → a'],
  ['a cycle further down', { a: ['b'], b: ['c'], c: ['b'] }, 'b → c → b'],
])(
  'scope hierarchy: refuses a scope that implies %s',
  { tags: ['S-14'] },
  (_what, implications, cycle) => {
    expect(() => createScopeHierarchy(implications)).toThrow(
      expect.objectContaining({
        code: 'SCOPE_HIERARCHY_CYCLE',
        message: expect.stringContaining(cycle),
      }),
    )
  },
)

test('scope hierarchy: refuses offline_access on either side', { tags: ['S-03'] }, () => {
  for (const implications of [{ offline_access: ['read'] }, { admin: ['offline_access'] }]) {
    expect(() => createScopeHierarchy(implications)).toThrow(
      expect.objectContaining({ code: 'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE' }),
    )
  }
})

test('scope hierarchy: names of built-in object properties are plain scopes', () => {
  const hierarchy = createScopeHierarchy({ admin: ['read'] })
  expect(hierarchy.expand(['constructor', '__proto__'])).toEqual(['constructor', '__proto__'])
})

// Scopes imply only scopes with a higher number, so there is no cycle.
const implications = array(tuple(nat(8), nat(8)), { maxLength: 20 }).map(
  (pairs): ScopeImplications => {
    const direct: Record<string, string[]> = {}
    for (const [a, b] of pairs) {
      if (a !== b) (direct[`s${Math.min(a, b)}`] ??= []).push(`s${Math.max(a, b)}`)
    }
    return direct
  },
)
const granted = array(
  nat(8).map((number) => `s${number}`),
  { maxLength: 5 },
)

test('scope hierarchy law: expanding is a closure', { tags: ['S-14'] }, () => {
  assert(
    property(implications, granted, granted, (direct, some, more) => {
      const hierarchy = createScopeHierarchy(direct)
      const expanded = hierarchy.expand(some)
      // Extensive, idempotent, monotone, closed under every single implication.
      expect(expanded).toEqual(expect.arrayContaining(some))
      expect([...hierarchy.expand(expanded)].sort()).toEqual([...expanded].sort())
      expect(hierarchy.expand([...some, ...more])).toEqual(expect.arrayContaining([...expanded]))
      for (const scope of expanded) {
        expect(expanded).toEqual(expect.arrayContaining([...(direct[scope] ?? [])]))
      }
    }),
  )
})

test('scope hierarchy: the documented example', { tags: ['S-14'] }, () => {
  const hierarchy = createScopeHierarchy({ admin: ['write'], write: ['read'] })
  expect(hierarchy.missing(['read'], ['admin'])).toEqual([])
})
