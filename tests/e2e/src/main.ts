/**
 * `pnpm demo`: signs in once at a real authorization server whose access tokens live for two
 * seconds, and calls a real MCP server repeatedly. Exits with 1 if a count is not as expected.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { InteractiveSignIn } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { loopbackSignIn } from '@evergrant/client/loopback'
import { openBrowser } from './browser.ts'
import type { ScenarioOptions, ScenarioReport } from './scenarios.ts'
import { noRefreshTokenScenario, refreshScenario, stepUpScenario } from './scenarios.ts'
import { table, timeline } from './timeline.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((parameter) => parameter !== '--'),
  options: {
    browser: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '12' },
  },
})
const seconds = Number(values.seconds)
if (!(seconds >= 4)) throw new RangeError('--seconds expects a number of at least 4.')

await run('One sign-in, and access tokens that live for 2 seconds', refreshScenario, seconds)
await run('A server that issues no refresh tokens', noRefreshTokenScenario, 5)
await run(
  'A step-up: the server challenges for the write scope, and it is granted',
  stepUpScenario,
  0,
)
say(process.exitCode === 1 ? '\nNot all counts are as expected.' : '\nAll counts are as expected.')

async function run(
  title: string,
  scenario: (options: ScenarioOptions) => Promise<ScenarioReport>,
  duration: number,
): Promise<void> {
  say(`\n── ${title}\n`)
  const report = await scenario({
    signIn: signInMethod(),
    seconds: duration,
    observe: timeline(say),
  })
  if (report.explanation !== undefined) say(`\n  The client says: ${report.explanation}`)
  say(`\n${table(report)}`)
  say(`    ${report.tally.calls} calls in all`)
  if (report.checks.some(({ passed }) => !passed)) process.exitCode = 1
}

function signInMethod(): InteractiveSignIn {
  return values.browser
    ? loopbackSignIn((url) => openBrowser(url), { clientName: 'the Evergrant demo' })
    : headlessSignIn()
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
