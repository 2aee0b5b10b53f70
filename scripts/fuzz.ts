/**
 * `pnpm fuzz`: runs the property tests with new random cases, and many of them. Prints the seed that
 * repeats a failure.
 *
 *     pnpm fuzz [--seed N] [--runs N] [package …]
 */
import { randomInt } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runCommand } from './run-command.ts'

const root = path.resolve(import.meta.dirname, '..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, runs: { type: 'string', default: '5000' } },
})
const seed = values.seed ?? String(randomInt(2 ** 31))
for (const [option, value] of Object.entries({ seed, runs: values.runs })) {
  if (/^\d{1,10}$/u.test(value)) continue
  process.stderr.write(`--${option} is ${JSON.stringify(value)} (expected a whole number).\n`)
  process.exit(2)
}

/** Property tests by package: the test files that import fast-check. */
const files = Map.groupBy(
  globSync('packages/*/test/**/*.test.ts', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => readFileSync(path.join(root, file), 'utf8').includes("'fast-check'")),
  (file) => file.split('/')[1] ?? '',
)
const packages = positionals.length > 0 ? positionals : [...files.keys()]
const unknown = packages.filter((name) => !files.has(name))
if (unknown.length > 0) {
  process.stderr.write(
    `No property tests in: ${unknown.join(', ')}. The packages are ${[...files.keys()].join(', ')}.\n`,
  )
  process.exit(2)
}

process.env['EVERGRANT_FUZZ_SEED'] = seed
process.env['EVERGRANT_FUZZ_RUNS'] = values.runs
process.stdout.write(`Seed ${seed}, ${values.runs} cases for each property.\n`)
const failed: string[] = []
for (const name of packages) {
  const tests = (files.get(name) ?? []).map((file) => file.slice(`packages/${name}/`.length))
  const { succeeded } = await runCommand('vitest', [
    'run',
    '--root',
    `packages/${name}`,
    '--testTimeout=3600000',
    ...tests,
  ])
  if (!succeeded) failed.push(name)
}
if (failed.length > 0) {
  process.stdout.write(
    `\nFailed with seed ${seed}. Repeat with: pnpm fuzz --seed ${seed} --runs ${values.runs} ${failed.join(' ')}\n`,
  )
  process.exitCode = 1
}
