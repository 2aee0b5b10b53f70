import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { expect, test } from 'vitest'
import { nameForms } from '../../../scripts/template/names.ts'
import type { Names } from '../../../scripts/template/names.ts'
import { formsIn, renamed } from '../../../scripts/template/rename.ts'

const root = path.resolve(import.meta.dirname, '../../..')

const names: Names = {
  scope: '@acme',
  name: 'token-desk',
  displayName: 'Token Desk',
  environmentPrefix: 'DESK_',
  prefix: 'td',
  repository: 'https://git.example/acme/desk',
  site: 'https://desk.example',
}
const forms = nameForms()

/** The tracked texts. Those of the template are about the name, and are no part of a project. */
const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && !/^(?:scripts|tests)\/template\//.test(file))
const texts = files.flatMap((file) => {
  const text = readFileSync(path.join(root, file), 'utf8')
  return text.includes('\0') ? [] : [{ file, text }]
})

test('names: every occurrence in the repository has a known form', () => {
  expect(texts.length).toBeGreaterThan(1000)
  const unknown = texts.flatMap(({ file, text }) =>
    text.split('\n').flatMap((line, index) => {
      const occurrences = line.match(/evergrant/gi)?.length ?? 0
      // The repository and the package have the name twice.
      const known = formsIn(line, forms).length + (line.match(/evergrant\/evergrant/g)?.length ?? 0)
      return occurrences === known ? [] : [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`]
    }),
  )
  expect(unknown).toEqual([])
})

test('names: nothing of the old name is left in any file', () => {
  const left = texts.filter(({ text }) => /evergrant/i.test(renamed(text, names, forms)))
  expect(left.map(({ file }) => file)).toEqual([])
})

test('names: no file is named after the project', () => {
  expect(files.filter((file) => /evergrant/i.test(file))).toEqual([])
})

test('names: every form occurs', () => {
  const found = new Set(texts.flatMap(({ text }) => formsIn(text, forms)))
  expect(forms.filter((form) => !found.has(form)).map(({ what }) => what)).toEqual([])
})

test('names: an identifier stays one with a name that has a hyphen', () => {
  const broken = texts.flatMap(({ file, text }) => {
    if (!/\.(?:[cm]?[jt]s|tsx)$/.test(file) || !/evergrant/i.test(text)) return []
    const { program } = parseSync(file, text)
    const found: string[] = []
    function look({ name }: { readonly name: string }): void {
      const isName = /evergrant/i.test(name)
      if (isName && !/^[$\w]+$/.test(renamed(name, names, forms))) found.push(`${file}: ${name}`)
    }
    new Visitor({ Identifier: look, JSXIdentifier: look, PrivateIdentifier: look }).visit(program)
    return found
  })
  expect(broken).toEqual([])
})

test.each([
  ["import { x } from '@evergrant/client/fetch'", "import { x } from '@acme/client/fetch'"],
  ['git+https://github.com/evergrant/evergrant.git', 'git+https://git.example/acme/desk.git'],
  ['uses: evergrant/evergrant/.github/actions/doctor', 'uses: acme/desk/.github/actions/doctor'],
  ['https://evergrant.github.io/guides', 'https://desk.example/guides'],
  ['EVERGRANT_AS_PORT', 'DESK_AS_PORT'],
  ['SELECT * FROM evergrant_as_accounts', 'SELECT * FROM td_as_accounts'],
  ["'evergrant.client.refreshes'", "'td.client.refreshes'"],
  ["Symbol.for('evergrant.ProtocolError')", "Symbol.for('td.ProtocolError')"],
  ['completions/evergrant.fish', 'completions/token-desk.fish'],
  ['EvergrantClientError', 'TokenDeskClientError'],
  ['connectEvergrant()', 'connectTokenDesk()'],
  ['[x](okta.md#what-evergrant-sends)', '[x](okta.md#what-token-desk-sends)'],
  ['# Evergrant', '# Token Desk'],
  ['npx evergrant-worker run', 'npx token-desk-worker run'],
])('names: %s becomes %s', (before, after) => {
  expect(renamed(before, names, forms)).toBe(after)
})

test('names: what comes from npm, from the site and from files that are gone keeps its name', () => {
  const kept = nameForms({
    hasPath: (file) => file === 'packages/test-kit',
    site: false,
    publishedLibraries: ['@evergrant/core', '@evergrant/client'],
  })
  const text = [
    "import '@evergrant/client/fetch'",
    "import '@evergrant/client-tools'",
    "import '@evergrant/test-kit'",
    'EvergrantClientError',
    'evergrant_client_refreshes_total',
    'evergrant.as.refreshes',
    'https://evergrant.github.io/guides/clients',
    'https://github.com/evergrant/evergrant/tree/main/docs.',
    'https://github.com/evergrant/evergrant/tree/main/packages/test-kit.',
    'file:./vendor/evergrant-core-0.0.0.tgz',
  ]
  expect(renamed(text.join('\n'), names, kept).split('\n')).toEqual([
    "import '@evergrant/client/fetch'",
    "import '@acme/client-tools'",
    "import '@acme/test-kit'",
    'EvergrantClientError',
    'evergrant_client_refreshes_total',
    'td.as.refreshes',
    'https://evergrant.github.io/guides/clients',
    'https://github.com/evergrant/evergrant/tree/main/docs.',
    'https://git.example/acme/desk/tree/main/packages/test-kit.',
    'file:./vendor/evergrant-core-0.0.0.tgz',
  ])
})
