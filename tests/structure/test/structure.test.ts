import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { globSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import {
  circularRules,
  importsOutOfPackage,
  wrongFolderImports,
  wrongPackageImports,
} from '../src/import-rules.ts'
import { importsOf, readSources } from '../src/imports.ts'
import { folderRules, layers } from '../src/repository-rules.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const workspaces = globSync('{packages,apps,tests}/*/package.json', { cwd: root }).map((file) =>
  path.dirname(file).replaceAll('\\', '/'),
)
const packageNames = workspaces.map((folder) => {
  const manifest: unknown = JSON.parse(
    readFileSync(path.join(root, folder, 'package.json'), 'utf8'),
  )
  return (manifest as { readonly name: string }).name
})

/** Rules of workspaces that are not in this repository do not apply: a project can drop some. */
function ofPresent<Rules>(all: Readonly<Record<string, Rules>>): [string, Rules][] {
  return Object.entries(all).filter(([workspace]) => workspaces.includes(workspace))
}

test.each(ofPresent(folderRules))('%s: folders import by the rules', (workspace, rules) => {
  expect(wrongFolderImports(workspace, rules, readSources(root, workspace))).toEqual([])
  expect(circularRules(rules)).toEqual([])
})

test.each(ofPresent(layers))('%s: imports only packages below', (workspace, allowed) => {
  expect(wrongPackageImports(allowed, packageNames, readSources(root, workspace))).toEqual([])
})

test.each(workspaces)('%s: sources stay inside their package', (workspace) => {
  expect(importsOutOfPackage(workspace, readSources(root, workspace))).toEqual([])
})

describe('planted faults', () => {
  const rules = { lib: [], stores: ['lib'], grant: ['lib', 'stores'] }
  const planted = (file: string, ...imports: string[]) => [
    { path: `packages/x/src/${file}`, imports },
  ]

  test('structure: finds an import against the direction', () => {
    const sources = planted('stores/file.ts', '../grant/grant.ts', '../lib/clock.ts', 'node:fs')
    expect(wrongFolderImports('packages/x', rules, sources)).toEqual([
      'packages/x/src/stores/file.ts imports packages/x/src/grant/grant.ts: stores may import lib, not grant.',
    ])
  })

  test('structure: finds an internal file that imports an entry point', () => {
    const sources = planted('lib/clock.ts', '../index.ts')
    expect(wrongFolderImports('packages/x', rules, sources)).toEqual([
      'packages/x/src/lib/clock.ts imports packages/x/src/index.ts: lib may import nothing, not entry points.',
    ])
  })

  test('structure: finds a folder without a rule', () => {
    expect(wrongFolderImports('packages/x', rules, planted('misc/a.ts'))).toEqual([
      'packages/x/src/misc has no import rule. Add one to the structure test.',
    ])
  })

  test('structure: finds rules that form a cycle', () => {
    expect(circularRules({ a: ['b'], b: ['c'], c: ['a'] })).toContain('a -> b -> c -> a')
  })

  test('structure: finds an import of a file in another package', () => {
    const sources = planted('index.ts', '../../core/src/index.ts')
    expect(importsOutOfPackage('packages/x', sources)).toEqual([
      'packages/x/src/index.ts imports packages/core/src/index.ts. Import the package by its name.',
    ])
  })

  test('structure: finds a package above', () => {
    const sources = planted('index.ts', '@evergrant/client/fetch')
    expect(wrongPackageImports(['@evergrant/core'], ['@evergrant/client'], sources)).toEqual([
      'packages/x/src/index.ts imports @evergrant/client/fetch, which its layer does not allow.',
    ])
  })

  test('structure: reads type imports, re-exports and dynamic imports', () => {
    const code =
      "import type { A } from './a.ts'\nexport { b } from './b.ts'\nexport * from './c.ts'\nconst d = await import('./d.ts')\n"
    expect(importsOf('x.ts', code)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts'])
  })
})

describe('the linter', () => {
  /** Runs the linter with the settings of this repository over a file that is planted here. */
  function lint(files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(path.join(import.meta.dirname, '.planted-'))
    try {
      for (const [name, code] of Object.entries(files)) writeFileSync(path.join(folder, name), code)
      execFileSync('oxlint', ['--config', path.join(root, '.oxlintrc.json'), folder], {
        encoding: 'utf8',
        shell: process.platform === 'win32',
      })
      return ''
    } catch (error) {
      return String((error as { readonly stdout?: unknown }).stdout)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  test('lint: fails on an import cycle, type imports included', () => {
    const output = lint({
      'a.ts': "import type { B } from './b.ts'\n\nexport interface A {\n  readonly b: B\n}\n",
      'b.ts': "import type { A } from './a.ts'\n\nexport interface B {\n  readonly a: A\n}\n",
    })
    expect(output).toContain('import(no-cycle)')
  })

  test('lint: fails on a function over 120 lines, and on a file over 450', () => {
    const lines = '  values.push(1)\n'.repeat(120)
    const long = `export function long(values: number[]): void {\n${lines}}\n`
    expect(lint({ 'long.ts': long })).toContain('eslint(max-lines-per-function)')
    expect(lint({ 'large.ts': 'export {}\n'.repeat(451) })).toContain('eslint(max-lines)')
  })
})
