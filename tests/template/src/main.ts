/**
 * Makes projects of this repository with `pnpm template`, and runs `pnpm check` in them. The packages
 * must be built.
 *
 *     node tests/template/src/main.ts [--quick] [--keep] [name …]
 *
 * Without names it makes every project, with `--quick` those of CI. With `--keep` the folders stay.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { packPublished } from '@evergrant/test-kit'
import { combinations, names } from './combinations.ts'
import type { Combination } from './combinations.ts'
import { oldNames } from './old-names.ts'
import { createProject } from './project.ts'
import type { Project } from './project.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
const unknown = positionals.filter((name) => !combinations.some((one) => one.name === name))
if (unknown.length > 0) {
  say(`${unknown.join(', ')}: expected ${combinations.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}
const selected = combinations.filter(
  ({ name, quick }) =>
    (!values.quick || quick) && (positionals.length === 0 || positionals.includes(name)),
)

const work = mkdtempSync(path.join(tmpdir(), 'evergrant-template-'))
let failures = 0
try {
  const tarballs = path.join(work, 'packed')
  if (selected.some(({ fromTarballs }) => fromTarballs)) await packPublished(root, tarballs)
  for (const combination of selected) {
    const startedAt = performance.now()
    try {
      await make(combination, tarballs)
      say(`✓ ${combination.name}: ${seconds(startedAt)} s`)
    } catch (error) {
      failures += 1
      say(`✗ ${combination.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
} finally {
  if (values.keep) say(`The projects are in ${work}.`)
  else rmSync(work, { recursive: true, force: true })
}
if (failures > 0) process.exitCode = 1

async function make(combination: Combination, tarballs: string): Promise<void> {
  const project = await createProject(root, path.join(work, combination.name))
  const nameOptions = Object.entries(names).flatMap(([option, value]) => [`--${option}`, value])
  await project.run(
    process.execPath,
    'scripts/template/main.ts',
    '--yes',
    ...nameOptions,
    ...combination.options,
    ...(combination.fromTarballs ? ['--tarballs', tarballs] : []),
  )
  await checkNames(project, combination)
  const only = (combination.steps ?? []).flatMap((step) => ['--only', step])
  await project.run('pnpm', 'run', 'check', ...only)
}

/** Nothing is committed, and the old name is only where it belongs. */
async function checkNames(project: Project, { fromTarballs }: Combination): Promise<void> {
  const list = await project.git('ls-files', '-z', '--cached', '--others', '--exclude-standard')
  const deleted = (await project.git('ls-files', '-z', '--deleted')).split('\0')
  const files = list.split('\0').filter((file) => file !== '' && !deleted.includes(file))
  if (deleted.length === 0) throw new Error('The template removed nothing.')
  const left = files.flatMap((file) => {
    const text = readFileSync(path.join(project.folder, file), 'utf8')
    return text.includes('\0') ? [] : oldNames(file, text, fromTarballs)
  })
  if (left.length > 0) throw new Error(`The old name is left:\n${left.join('\n')}`)
}

function seconds(startedAt: number): string {
  return ((performance.now() - startedAt) / 1000).toFixed(0)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
