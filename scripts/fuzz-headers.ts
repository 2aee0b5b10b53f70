/**
 * `pnpm fuzz:headers`: ten million random and mutated `Authorization`, `DPoP` and `WWW-Authenticate` headers.
 * One seed draws the same headers in every run. It takes about six minutes.
 *
 *     pnpm fuzz:headers [--seed N] [--cases N]
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runCommand } from './run-command.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '20261128' },
    cases: { type: 'string', default: '10000000' },
  },
})
for (const [option, value] of Object.entries(values)) {
  if (/^\d{1,10}$/u.test(value)) continue
  process.stderr.write(`--${option} is ${JSON.stringify(value)} (expected a whole number).\n`)
  process.exit(2)
}
process.env['EVERGRANT_FUZZ_SEED'] = values.seed
process.env['EVERGRANT_FUZZ_HEADERS'] = values.cases
process.stdout.write(`Seed ${values.seed}, ${values.cases} headers.\n`)
const { succeeded } = await runCommand('vitest', [
  'run',
  '--root',
  'packages/resource-server',
  'test/header-fuzz.test.ts',
])
if (!succeeded) process.exitCode = 1
