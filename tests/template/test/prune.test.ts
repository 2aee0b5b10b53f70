import { expect, test } from 'vitest'
import { readJsonc, withoutPaths } from '../../../scripts/template/jsonc.ts'
import { licenseText } from '../../../scripts/template/license.ts'
import {
  correctedLinks,
  prunedPage,
  withoutSection,
} from '../../../scripts/template/prune-markdown.ts'
import { canRun, remainingSteps } from '../../../scripts/template/prune-scripts.ts'
import { prunedKnip, prunedTurbo } from '../../../scripts/template/prune-settings.ts'
import { prunedCatalog, prunedCi, withoutSite } from '../../../scripts/template/prune-workflows.ts'

test('jsonc: a member goes with the comment before it, and everything else stays', () => {
  const text = `{
  // The first.
  "a": [1, 2, 3],
  // The second.
  "b": { "c": 1 },
  // The third.
  "d": 4
}
`
  const rest = withoutPaths(text, [['b'], ['a', 1], ['x']])
  expect(rest).toContain('// The first.')
  expect(rest).not.toContain('The second')
  expect(rest).toContain('// The third.')
  expect(readJsonc(rest)).toEqual({ a: [1, 3], d: 4 })
  expect(JSON.parse(withoutPaths('{"a": 1, "d": 4}', [['d']]))).toEqual({ a: 1 })
  expect(
    JSON.parse(
      withoutPaths('{"a": [1, 2]}', [
        ['a', 0],
        ['a', 1],
      ]),
    ),
  ).toEqual({ a: [] })
})

const context = {
  hasPath: (file: string) => ['scripts/a.ts', 'tests/a/src/main.ts', 'tests/a'].includes(file),
  hasPackage: (name: string) => name === '@acme/a',
  hasTask: (name: string) => name === 'build',
}

test.each([
  ['node scripts/a.ts --check', true],
  ['node scripts/b.ts', false],
  ['turbo run build --filter=@acme/a^... && node tests/a/src/main.ts', true],
  ['turbo run build --filter=@acme/b^...', false],
  ['turbo run build --filter=./packages/*', true],
  ['turbo run e2e', false],
  ['oxlint --type-aware', true],
  ['changeset', false],
])('scripts: %s can run: %s', (command, expected) => {
  expect(canRun(command, context)).toBe(expected)
})

test('steps: a step goes with what it needs, and what stays keeps its reason', () => {
  const steps = [
    { title: 'a', command: ['node', 'scripts/a.ts'], why: 'Because.', needs: ['tests/a'] },
    { title: 'b', command: ['node', 'scripts/a.ts'], needs: ['tests/b'] },
    { title: 'c', command: ['node', 'scripts/c.ts'] },
  ]
  expect(remainingSteps(steps, context)).toEqual([
    { title: 'a', command: ['node', 'scripts/a.ts'], why: 'Because.' },
  ])
})

const present = {
  matches: (pattern: string) => ['apps/*', 'packages/core', 'apps/a'].includes(pattern),
  packageNames: new Set(['@acme/a']),
  tasks: new Set(['test']),
}

test('knip: workspaces and dependencies that are gone', () => {
  const text =
    '{ "workspaces": { ".": { "ignoreDependencies": ["x", "y"] }, "apps/*": {}, "apps/b": {} } }'
  expect(readJsonc(prunedKnip(text, present, new Set(['x'])))).toEqual({
    workspaces: { '.': { ignoreDependencies: ['y'] }, 'apps/*': {} },
  })
})

test('turbo: tasks and inputs that are gone', () => {
  const text = JSON.stringify({
    globalDependencies: ['packages/core/**', 'packages/x/**'],
    tasks: {
      test: { inputs: ['$TURBO_DEFAULT$', '$TURBO_ROOT$/docs/**', '!$TURBO_ROOT$/docs/api/**'] },
      site: {},
      '@acme/a#test': {},
      '@acme/b#test': {},
    },
  })
  expect(readJsonc(prunedTurbo(text, present))).toEqual({
    globalDependencies: ['packages/core/**'],
    tasks: { test: { inputs: ['$TURBO_DEFAULT$'] }, '@acme/a#test': {} },
  })
})

test('pages: rows and items about scripts and folders that are gone', () => {
  const page = [
    '| To | Run |',
    '| --- | --- |',
    '| check | `pnpm check` |',
    '| fuzz | `pnpm fuzz` |',
    '| core | `packages/core` |',
    '| client | `packages/client` |',
    '- **Pages** come from `pnpm docs:sync`.',
    'Run `pnpm fuzz`.',
  ]
  const rest = prunedPage(page.join('\n'), {
    hasPath: (file) => file === 'packages/core',
    hasScript: (name) => name === 'check',
  })
  expect(rest.split('\n')).toEqual([...page.slice(0, 3), page[4], page[7]])
})

test('pages: a section goes with its subsections', () => {
  const page = '# A\n\n## B\n\nb\n\n### C\n\nc\n\n## D\n\nd\n'
  expect(withoutSection(page, '## B')).toBe('# A\n\n## D\n\nd\n')
  expect(withoutSection(page, '## D')).toBe('# A\n\n## B\n\nb\n\n### C\n\nc\n')
  expect(withoutSection(page, '## X')).toBe(page)
})

test('pages: links to what is gone lead to the original, and code stays without its source', () => {
  const upstream = { site: 'https://site.example', repository: 'https://git.example/a/b' }
  const page = [
    '[guide](../../docs/guides/a.md#b)',
    '[index](../../docs/providers/index.md)',
    '[decision](../../docs/adr/0012-a-b.md)',
    '[file](../../tests/a/src/x.ts)',
    '[folder](../../docs/adr)',
    '[here](src/main.ts)',
    '[web](https://web.example/x.md)',
    '```ts title="a.ts" source="../samples/src/a.ts#b"',
    '```ts title="a.ts" source="src/main.ts"',
  ]
  const hasPath = (file: string): boolean => file === 'apps/a/src/main.ts'
  expect(
    correctedLinks(page.join('\n'), 'apps/a/README.md', { hasPath }, upstream).split('\n'),
  ).toEqual([
    '[guide](https://site.example/guides/a#b)',
    '[index](https://site.example/providers)',
    '[decision](https://site.example/adr/a-b)',
    '[file](https://git.example/a/b/blob/main/tests/a/src/x.ts)',
    '[folder](https://git.example/a/b/tree/main/docs/adr)',
    '[here](src/main.ts)',
    '[web](https://web.example/x.md)',
    '```ts title="a.ts"',
    '```ts title="a.ts" source="src/main.ts"',
  ])
})

test('workflows: what is uploaded, when it runs, and the site', () => {
  const ci = `# The release workflow calls this on main.
on:
  pull_request:
  workflow_call:
jobs:
  everything:
    steps:
      - run: install
      # Screenshots.
      - uses: actions/upload-artifact@1
        with:
          path: |
            apps/a/pages/
            apps/b/pages/
      - run: check
`
  const pruned = prunedCi(ci, (folder) => folder === 'apps/a', false)
  expect(pruned).toContain('apps/a/pages/')
  expect(pruned).not.toMatch(/apps\/b|workflow_call|release/)
  expect(pruned).toMatch(/push:\n\s+branches:\n\s+- main\n/)
  expect(prunedCi(ci, () => false, true)).not.toMatch(/upload|Screenshots/)
  expect(withoutSite('# Publishes. The site follows main.\njobs:\n  a: {}\n  site: {}\n')).toBe(
    '# Publishes.\njobs:\n  a: {}\n',
  )
})

test('workspace: the catalog has what is used', () => {
  expect(
    prunedCatalog("catalog:\n  a: ^1.0.0\n  # For b.\n  '@b/c': ^2.0.0\n", (n) => n === 'a'),
  ).toBe('catalog:\n  a: ^1.0.0\n')
})

const notice = 'MIT License\n\nCopyright (c) 2026 Evergrant contributors\n\nPermission …\n'

test('license: MIT has both holders, and another license has the notice', () => {
  expect(licenseText('MIT', 'Acme', notice, 2030)).toContain(
    'Copyright (c) 2030 Acme contributors\nCopyright (c) 2026 Evergrant contributors\n',
  )
  const other = licenseText('UNLICENSED', 'Acme', notice, 2030)
  expect(other).toContain('All rights reserved.')
  expect(other.endsWith(notice)).toBe(true)
})
