/**
 * Proxies of several hosts at once: started together without a sign-in, with access tokens of 2 s,
 * rotation with family revocation and grace, and one process killed every 5 s.
 *
 *     pnpm bench:proxy-storm [--seconds 60] [--seed 1]
 *
 * Exits with 1 unless there is one sign-in, no failed call and one refresh per expiry, or one more for
 * each killed process.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { say, table } from '../report.ts'
import { ourProxy } from './contestants.ts'
import { seededRandom } from '@evergrant/test-kit'
import { startProtectedMcp } from './server-process.ts'
import { storm } from './storm.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
})
const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-storm-'))
await using mcp = await startProtectedMcp({
  accessTokenLifetimeSeconds: 2,
  // Without grace, a process killed between the server's rotation and its own save ends the grant.
  graceSeconds: 60,
})
const contestant = await ourProxy(mcp.url, folder)
const report = await storm(
  {
    instances: 8,
    seconds: Number(values.seconds),
    killEverySeconds: 5,
    pauseMilliseconds: 100,
    tokenSeconds: 2,
    random: seededRandom(Number(values.seed)),
  },
  { ...contestant, args: [...contestant.args, '--sign-in-wait', '60'] },
  mcp,
)
await rm(folder, { recursive: true, force: true })
table(
  `8 proxies, tokens of 2 s, rotation with family revocation and grace, ${values.seconds} s, one killed every 5 s`,
  ['', 'required', 'measured'],
  [
    ['sign-in pages of the cold start', '1', String(report.signInsAtStart)],
    ['sign-in pages afterwards', '0', String(report.signInsAfterStart)],
    ['failed calls', '0', `${report.failed.length} of ${report.calls}`],
    ['refused refreshes', '0', String(report.refusedRefreshes)],
    ['refreshes', `at most ${report.maximumRefreshes}`, String(report.refreshes)],
    ['processes killed', '', String(report.kills)],
    ['grant', 'alive', report.isGrantAlive ? 'alive' : 'revoked'],
  ],
)
const isMet =
  report.signInsAtStart === 1 &&
  report.signInsAfterStart === 0 &&
  report.failed.length === 0 &&
  report.refusedRefreshes === 0 &&
  report.refreshes <= report.maximumRefreshes &&
  report.isGrantAlive
if (!isMet) {
  say(`\nMissed. Failures: ${JSON.stringify(report.failed.slice(0, 5))}`)
  process.exitCode = 1
}
