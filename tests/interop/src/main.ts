/**
 * `pnpm interop`: the client at third-party authorization servers, and third-party clients at the
 * reference servers, over loopback. Prints tables of the results. The exit code is 0 if all results
 * are as expected.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { foreignPeers, foreignTables } from './foreign/report.ts'
import { createJudge } from './judge.ts'
import { npmTables } from './npm-report.ts'
import { withLimit } from './with-limit.ts'

const usage = `Usage: pnpm interop [--slow] [--require] [peer…]

Without a peer, all run: those from npm, and those in other languages whose build is quick.
  --slow     also those whose download or build takes minutes
  --require  fail if one of them cannot run here

Peers in other languages: ${foreignPeers.join(', ')}
`
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    slow: { type: 'boolean', default: false },
    require: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const unknown = positionals.filter((name) => !foreignPeers.includes(name))
if (values.help || unknown.length > 0) {
  process.stdout.write(usage)
  process.exit(values.help ? 0 : 2)
}

/** A third-party program that hangs must not hang this one. */
const npmLimitMilliseconds = 180_000
const judge = createJudge()
const tables: string[] = []
if (positionals.length === 0) {
  const npm = await judge.attempt('npm', () => withLimit(npmLimitMilliseconds, npmTables(judge)))
  tables.push(...(npm ?? []))
}
tables.push(
  ...(await foreignTables(judge, {
    slow: values.slow,
    require: values.require,
    only: positionals,
  })),
)
const { failures } = judge
// Printed at the end, because some of the programs write to the same output.
process.stdout.write(tables.join(''))
process.stdout.write(`\n${failures.map((line) => `✗ ${line}\n`).join('')}`)
process.stdout.write(
  failures.length === 0 ? 'All as expected.\n' : `${failures.length} not as expected.\n`,
  // A program that hangs would keep this one alive.
  () => process.exit(failures.length === 0 ? 0 : 1),
)
