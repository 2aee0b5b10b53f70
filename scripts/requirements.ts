/**
 * Traces every requirement to the code, the tests, the pages and the rules of the doctor that cite it.
 *
 * Reads the sources, the pages and the `coverage/requirements.json` of each package's test run. Generates
 * `docs/reference/requirements.md`. Fails if a row has neither a passing test nor a reason for its
 * absence, and, with `--check`, if the page is out of date.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { rules } from '../packages/doctor/src/index.ts'
import { requirements } from '../packages/core/src/requirements.ts'
import type { Requirement, RequirementGroup } from '../packages/core/src/requirements.ts'
import { writeGeneratedPage } from './generated-page.ts'

const root = path.resolve(import.meta.dirname, '..')

interface CitingTest {
  readonly file: string
  readonly name: string
  readonly state: string
  readonly requirements: readonly string[]
}

const titles: Readonly<Record<RequirementGroup, string>> = {
  'client-asking': 'Client: asking for refresh tokens',
  'client-scope': 'Client: scope selection and step-up',
  'client-discovery': 'Client: discovery, registration, binding',
  'client-refreshing': 'Client: refreshing',
  'resource-server': 'MCP server (protected resource)',
  'authorization-server': 'Authorization server',
}

const packages = ['packages', 'apps', 'tests'].flatMap((parent) =>
  readdirSync(path.join(root, parent)).map((name) => `${parent}/${name}`),
)

const tests = packages.flatMap((folder): CitingTest[] => {
  const file = path.join(root, folder, 'coverage/requirements.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CitingTest[]) : []
})

const sources = packages.flatMap((folder) => sourceFiles(`${folder}/src`))

const docs = path.join(root, 'docs')
/** Pages that readers open for a subject. Generated pages name a requirement in passing. */
const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(path.sep).join('/'))
  .filter((name) => /^(?:[^/]+|guides\/.*|explanation\/.*|reference\/[^/]+)\.md$/.test(name))
  .filter((name) => name !== 'reference/requirements.md')
  .toSorted()
  .map((name) => ({ name, text: readFileSync(path.join(docs, name), 'utf8') }))

const uncited: Requirement[] = []
const sections = (Object.keys(titles) as RequirementGroup[]).map((group) => {
  const rows = requirements
    .filter((row) => row.group === group)
    .map((row) => {
      const citing = tests.filter((test) => test.requirements.includes(row.id))
      const passing = citing.filter((test) => test.state === 'passed')
      if (passing.length === 0 && row.excluded === undefined) uncited.push(row)
      return [
        `### ${row.id}`,
        '',
        `**${row.levelDetail ?? row.level}**${row.source === '' ? '' : ` · ${row.source}`}`,
        '',
        row.text,
        '',
        ...(row.quotes ?? []).flatMap(({ text, url }) => [`> ${text}`, `> ([source](${url}))`, '']),
        `- Code: ${links(sources.filter((file) => file.text.includes(row.id)).map((file) => file.name))}`,
        `- Tests: ${citing.length === 0 ? 'none' : links(citing.map((test) => test.file))}`,
        ...line('Pages', pagesAbout(row)),
        ...line('Doctor', rulesAbout(row)),
        ...(row.excluded === undefined ? [] : [`- Not tested: ${row.excluded}`]),
      ].join('\n')
    })
  return `## ${titles[group]}\n\n${rows.join('\n\n')}`
})

const content = `---
title: Requirements
description: Every rule that Evergrant follows, with its source, code, tests, pages and doctor rules
---

# Requirements

Every rule has an ID. Code, tests, decisions and pages cite it. The level is the source's own.
**OURS** marks a rule that no source requires and that Evergrant follows. If our wording differs from
the source, the source is authoritative.

Sources: **SEP** = SEP-2207, **AUTH** = MCP specification 2026-07-28, basic/authorization, **REG** =
its client-registration page, **DISC** = its authorization-server-discovery page, **SEC** = its
security-considerations page, **OIDC** = OpenID Connect Core 1.0, **2.1** = OAuth 2.1 draft 13,
**BCP** = RFC 9700, and RFCs by number.

\`pnpm requirements\` generates this page from a test run.

${sections.join('\n\n')}
`

if (tests.length === 0) fail('No test results found. Run `pnpm test` and `pnpm e2e` first.')
await writeGeneratedPage('reference/requirements.md', content, 'requirements')
if (uncited.length > 0) {
  fail(
    `No passing test cites ${uncited.map((row) => row.id).join(', ')}. Tag a test, or state a reason (excluded) in packages/core/src/requirements.ts.`,
  )
}
process.stdout.write(
  `${requirements.length} requirements, ${requirements.filter((row) => row.excluded !== undefined).length} excluded with a reason, ${tests.length} tests cite the others.\n`,
)

interface SourceFile {
  readonly name: string
  readonly text: string
}

function sourceFiles(folder: string): SourceFile[] {
  if (!existsSync(path.join(root, folder))) return []
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => !/^packages\/core\/src\/requirements(\.ts|\/)/.test(name))
    .sort()
    .map((name) => ({ name, text: readFileSync(path.join(root, name), 'utf8') }))
}

function pagesAbout({ id }: Requirement): readonly string[] {
  return pages
    .filter(({ text }) => text.includes(id))
    .map(({ name, text }) => {
      const title = /^title: (.+)$/m.exec(text)?.[1] ?? name
      return `[${title}](${path.posix.relative('reference', name)})`
    })
}

function rulesAbout({ id }: Requirement): readonly string[] {
  return rules
    .filter((rule) => rule.requirements.includes(id))
    .map((rule) => `[${rule.id}](doctor-rules/${rule.id}.md)`)
}

function line(name: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`- ${name}: ${items.join(', ')}`]
}

function links(files: readonly string[]): string {
  if (files.length === 0) return 'none'
  return [...new Set(files)]
    .sort()
    .map((file) => `[${file}](https://github.com/evergrant/evergrant/blob/main/${file})`)
    .join(', ')
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
