/**
 * `pnpm simulate`: runs a month of every client at every emulated product, prints the totals, and writes
 * the tables of the README, of the page and of the front page.
 *
 *     node --conditions=workspace:source scripts/simulate/main.ts
 *       --product NAME  runs one product and prints it
 *       --json          prints all counts
 *       --seed NUMBER   draws another month, and only prints
 *       --pages         runs nothing, and writes the pages from the last results
 *       --check         runs a few products (with --all: all), and fails if anything differs
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { Row } from '../../tests/simulate/src/index.ts'
import {
  allProducts,
  publishedSeed,
  runTasks,
  situations,
  tasksFor,
} from '../../tests/simulate/src/index.ts'
import { writeGeneratedFile, writeGeneratedPage, writeGeneratedSection } from '../generated-page.ts'
import type { Versions } from './page.ts'
import { monthPage, situationTable, totalsTable } from './page.ts'
import { readmeSection } from './readme.ts'
import { missed, summarize } from './summary.ts'
import { situationNames } from './words.ts'

const root = path.resolve(import.meta.dirname, '../..')
const resultsFile = 'tests/simulate/results.json'
/** Without and with rotation, with and without grace, with and without `offline_access`. */
const checkedProducts = new Set(['google', 'keycloak', 'oidc-provider', 'okta', 'workos'])

const { values } = parseArgs({
  options: {
    product: { type: 'string' },
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(publishedSeed) },
    pages: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const isPartial = values.check && !values.all
const products = allProducts().filter(({ name }) =>
  values.product === undefined ? !isPartial || checkedProducts.has(name) : name === values.product,
)
if (products.length === 0 || !Number.isInteger(seed)) {
  process.stderr.write('Expected the name of an emulated product, and a whole number as seed.\n')
  process.exit(1)
}

if (values.pages) await writePages(await publishedRows())
else await runAndReport()

async function runAndReport(): Promise<void> {
  const rows = await run()
  if (values.json) process.stdout.write(`${resultsJson(rows)}\n`)
  else print(rows)
  if (values.check) await check(rows)
  else if (values.product === undefined && !values.json && seed === publishedSeed) {
    await writeGeneratedFile(resultsFile, `${resultsJson(rows)}\n`, 'simulate')
    await writePages(rows)
  }
}

async function publishedRows(): Promise<readonly Row[]> {
  return JSON.parse(await readFile(path.join(root, resultsFile), 'utf8')) as readonly Row[]
}

async function run(): Promise<readonly Row[]> {
  const tasks = tasksFor(products, seed)
  const startedAt = performance.now()
  const done = await runTasks(tasks, (count) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${count} of ${tasks.length} months `)
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  process.stderr.write(`\r${tasks.length} months of 5 clients in ${seconds} s\n`)
  return done
}

function print(done: readonly Row[]): void {
  if (values.product === undefined && !isPartial) {
    process.stdout.write(`Sign-ins, with 1 / 4 processes\n\n${totalsTable(summarize(done))}\n`)
  } else {
    for (const situation of situations) {
      const names = products.map(({ name }) => name)
      const text = situationTable(done, situation, names).replaceAll(/\]\([^)]*\)|[[*]/g, '')
      process.stdout.write(`${situationNames[situation]}, with 1 / 4 processes\n\n${text}\n\n`)
    }
  }
  for (const { product, situation, processes } of missed(done)) {
    process.stdout.write(
      `Evergrant signs in more often than ${product} forces: ${situation}, ${processes}.\n`,
    )
    process.exitCode = 1
  }
}

/** One row on each line, so that a difference is easy to read. */
function resultsJson(done: readonly Row[]): string {
  return `[\n${done.map((row) => JSON.stringify(row)).join(',\n')}\n]`
}

async function check(done: readonly Row[]): Promise<void> {
  const published = await publishedRows()
  const lines = new Set(published.map((row) => JSON.stringify(row)))
  for (const row of done) {
    if (lines.has(JSON.stringify(row))) continue
    const { product, situation, processes } = row
    process.stderr.write(
      `${resultsFile}: ${product}, ${situation}, ${processes} differs. Run: pnpm simulate\n`,
    )
    process.exitCode = 1
  }
  await writePages(published)
}

async function writePages(published: readonly Row[]): Promise<void> {
  const summary = summarize(published)
  await writeGeneratedPage(
    'explanation/a-month-in-a-minute.md',
    monthPage(published, summary, await versions(), publishedSeed),
    'simulate',
  )
  // A project that was made of this repository has a README of its own.
  if ((await readFile(path.join(root, 'README.md'), 'utf8')).includes('<!-- month:')) {
    await writeGeneratedSection('README.md', 'month', readmeSection(published, summary), 'simulate')
  }
  const totals = summary.totals.filter(({ processes }) => processes === 4)
  await writeGeneratedFile(
    'apps/docs/src/components/FrontPage/month.json',
    `${JSON.stringify({ products: summary.compared.length, totals }, null, 2)}\n`,
    'simulate',
  )
}

async function versions(): Promise<Versions> {
  const require = createRequire(path.join(root, 'tests/simulate/package.json'))
  const versionOf = async (entry: string, name: string): Promise<string> => {
    const resolved = require.resolve(entry)
    const folder = `${resolved.split(name.replaceAll('/', path.sep))[0]}${name}`
    const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
      readonly version: string
    }
    return manifest.version
  }
  return {
    sdkV1: await versionOf('@modelcontextprotocol/sdk/client/auth.js', '@modelcontextprotocol/sdk'),
    sdkV2: await versionOf('@modelcontextprotocol/client', '@modelcontextprotocol/client'),
  }
}
