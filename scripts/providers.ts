/**
 * Writes the pages of the providers from their data, and the output of their commands from a run of
 * these commands. With `--check`, only reports whether the pages are up to date, and takes the
 * outputs as they are: `tests/e2e` runs the commands of each page. `--keep-outputs` does not run them
 * either.
 *
 *     node --conditions=workspace:source scripts/providers.ts [--check | --keep-outputs] [id…]
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { providers } from '../docs/providers/data/index.ts'
import { copyOutputs } from '../tests/e2e/src/page-commands/commands-of-page.ts'
import { outputsOf } from '../tests/e2e/src/page-commands/run-commands.ts'
import { writeGeneratedPage } from './generated-page.ts'
import { indexPage } from './provider-pages/index-page.ts'
import { providerPage } from './provider-pages/page.ts'
import { productOf } from './provider-pages/product.ts'

const root = path.resolve(import.meta.dirname, '..')
const keepsOutputs = process.argv.includes('--check') || process.argv.includes('--keep-outputs')
const only = process.argv.slice(2).filter((one) => !one.startsWith('--'))
const products = providers.map(productOf)

await writeGeneratedPage('providers/index.md', indexPage(products), 'providers')
// Not at once: the outputs say how long calls took.
for (const product of products) {
  const { id } = product.provider
  const page = providerPage(product)
  const isRun = !keepsOutputs && (only.length === 0 || only.includes(id))
  const filled = isRun ? await outputsOf(page, root) : copyOutputs(page, await current(id))
  await writeGeneratedPage(`providers/${id}.md`, filled, 'providers')
}

async function current(id: string): Promise<string> {
  return await readFile(path.join(root, 'docs', 'providers', `${id}.md`), 'utf8').catch(() => '')
}
