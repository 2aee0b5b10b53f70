import { expect, test } from 'vitest'
import { remaining } from '../../../scripts/template/closure.ts'
import type { Workspace } from '../../../scripts/template/workspaces.ts'

function workspace(folder: string, needs: readonly string[], isPublished = false): Workspace {
  return {
    folder,
    name: folder,
    version: '1.2.3',
    description: '',
    isPublished,
    needs,
    scripts: [],
  }
}

const all = [
  workspace('packages/core', [], true),
  workspace('packages/client', ['packages/core', 'packages/kit'], true),
  workspace('packages/kit', []),
  workspace('apps/a', ['packages/client', 'packages/kit'], true),
  workspace('apps/b', ['packages/core', 'apps/a']),
  workspace('apps/docs', ['packages/core']),
  workspace('tests/rules', []),
  workspace('tests/a', ['apps/a', 'tests/rules']),
  workspace('tests/client', ['packages/client']),
  workspace('tests/site', ['apps/docs']),
  workspace('tests/pages', []),
]
const otherNeeds = { 'tests/pages': ['docs'] }

test('closure: an app keeps what it depends on, and the tests of that', () => {
  const { folders, fromRegistry } = remaining(all, ['a'], 'workspace', otherNeeds)
  expect([...folders].toSorted()).toEqual([
    'apps/a',
    'packages/client',
    'packages/core',
    'packages/kit',
    'tests/a',
    'tests/client',
    'tests/rules',
  ])
  expect(fromRegistry).toEqual([])
})

test('closure: published libraries go with their tests, and an app that is published stays', () => {
  const { folders, fromRegistry } = remaining(all, ['b'], 'published', otherNeeds)
  expect([...folders].toSorted()).toEqual([
    'apps/a',
    'apps/b',
    'packages/kit',
    'tests/a',
    'tests/rules',
  ])
  expect(fromRegistry.map(({ folder }) => folder).toSorted()).toEqual([
    'packages/client',
    'packages/core',
  ])
})

test('closure: with everything, nothing goes', () => {
  expect(remaining(all, 'all', 'workspace', otherNeeds).folders.size).toBe(all.length)
})
