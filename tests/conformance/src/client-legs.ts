import path from 'node:path'
import process from 'node:process'
import { startClientMetadataServer } from './client-metadata-server.ts'
import type { Report } from './report.ts'
import { reportedChecks, runSuite } from './suite.ts'

/** Scenarios of protocol extensions that the client does not support. No revision requires them. */
const extensions: ReadonlySet<string> = new Set([
  'auth/client-credentials-basic',
  'auth/client-credentials-jwt',
  'auth/enterprise-managed-authorization',
  'auth/wif-jwt-bearer',
])
const refreshTokenChecks = [
  'sep-2207-client-metadata-grant-types',
  'sep-2207-offline-access-requested',
]

/** The client suites, and both checks of SEP-2207 with each kind of registration. */
export async function runClientLegs(report: Report): Promise<void> {
  await runLeg(report, 'client, requirements of 2026-07-28', ['--requirements', '2026-07-28'])
  await runLeg(report, 'client, suite auth', ['--suite', 'auth'])
  await runLeg(report, 'client, suite draft', ['--suite', 'draft'])
  await runRefreshTokenLeg(report, 'SEP-2207 by dynamic registration', {})
  await using document = await startClientMetadataServer()
  await runRefreshTokenLeg(report, 'SEP-2207 by client ID metadata document', {
    EVERGRANT_CONFORMANCE_CLIENT_ID: document.clientId,
    NODE_EXTRA_CA_CERTS: document.certificateFile,
  })
}

async function runLeg(report: Report, title: string, parameters: readonly string[]): Promise<void> {
  const run = await runSuite(['client', '--command', clientCommand(), ...parameters])
  const scored = run.scenarios.filter(({ name }) => !extensions.has(name))
  report.leg(title, scored, run)
  const unscored = run.scenarios.length - scored.length
  if (unscored > 0) report.note(`${unscored} extension scenarios ran and do not count`)
  else if (run.exitCode !== 0) report.problem(`${title}: exit code ${run.exitCode}`)
}

/** The suite grades both checks as information only, so their results are asserted here. */
async function runRefreshTokenLeg(
  report: Report,
  title: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const scenario = ['--scenario', 'auth/offline-access-scope', '--verbose']
  const run = await runSuite(['client', '--command', clientCommand(), ...scenario], { env })
  report.leg(title, run.scenarios, run)
  const checks = reportedChecks(run)
  for (const id of refreshTokenChecks) {
    // For a metadata document, the suite reports first that it has not fetched it, then its content.
    const status = checks.findLast((check) => check.id === id)?.status ?? 'absent'
    report.note(`${id}: ${status}`)
    if (status !== 'SUCCESS') report.problem(`${title}: ${id} is ${status}`)
  }
}

/** The command that the suite starts for each scenario: the client, on the Node.js of this process. */
function clientCommand(): string {
  const client = path.join(import.meta.dirname, 'client.ts')
  return [process.execPath, ...process.execArgv, client]
    .map((part) => JSON.stringify(part))
    .join(' ')
}
