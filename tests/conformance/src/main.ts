/**
 * `pnpm conformance`: the official MCP conformance suite against the client, and its
 * authorization server leg against the reference authorization server.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import process from 'node:process'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { startClientMetadataServer } from './client-metadata-server.ts'
import type { Check, ScenarioResult, SuiteRun } from './suite.ts'
import { clientCommand, reportedChecks, runSuite } from './suite.ts'

/** Scenarios of protocol extensions this client has no part in; the suite counts them for no revision. */
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
const problems: string[] = []

await clientLeg('client, requirements of 2026-07-28', ['--requirements', '2026-07-28'])
await clientLeg('client, suite auth', ['--suite', 'auth'])
await clientLeg('client, suite draft', ['--suite', 'draft'])
await refreshTokenLeg('SEP-2207 by dynamic registration', {})
{
  await using document = await startClientMetadataServer()
  await refreshTokenLeg('SEP-2207 by client ID metadata document', {
    EVERGRANT_CONFORMANCE_CLIENT_ID: document.clientId,
    NODE_EXTRA_CA_CERTS: document.certificateFile,
  })
}
await authorizationServerLeg()

if (problems.length > 0) {
  process.stdout.write(`\n${problems.map((problem) => `✗ ${problem}`).join('\n')}\n`)
  process.exitCode = 1
} else {
  process.stdout.write('\nEvery scored scenario passes.\n')
}

async function clientLeg(title: string, parameters: readonly string[]): Promise<void> {
  const run = await runSuite(['client', '--command', clientCommand(), ...parameters])
  const scored = run.scenarios.filter(({ name }) => !extensions.has(name))
  report(title, scored, run)
  const unscored = run.scenarios.length - scored.length
  if (unscored === 0 && run.exitCode !== 0) problems.push(`${title}: exit code ${run.exitCode}`)
  if (unscored > 0) process.stdout.write(`  ${unscored} extension scenarios ran and do not count\n`)
}

/** Both checks are graded as information by the suite: what they read is asserted here. */
async function refreshTokenLeg(
  title: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const run = await runSuite(
    [
      'client',
      '--command',
      clientCommand(),
      '--scenario',
      'auth/offline-access-scope',
      '--verbose',
    ],
    { env },
  )
  report(title, run.scenarios, run)
  const checks = reportedChecks(run)
  for (const id of refreshTokenChecks) {
    // Where the document is fetched, the suite says first that it has not been, and then what is
    // in it.
    const status = checks.findLast((check) => check.id === id)?.status ?? 'absent'
    process.stdout.write(`  ${id}: ${status}\n`)
    if (status !== 'SUCCESS') problems.push(`${title}: ${id} reads ${status}`)
  }
}

async function authorizationServerLeg(): Promise<void> {
  const server = await startAuthorizationServer({ demo: true })
  try {
    const port = await freePort()
    const clientId = await register(server.issuer, `http://127.0.0.1:${port}/callback`)
    const parameters = ['--url', server.issuer, '--client-id', clientId, '--port', String(port)]
    const visited = new Set<string>()
    const run = await runSuite(
      ['authorization', ...parameters, '--resource', 'http://127.0.0.1:1/mcp'],
      {
        onLine(line) {
          const url = /https?:\/\/\S+[?&]response_type=\S+/.exec(line)?.[0]
          if (url === undefined || visited.has(url)) return
          visited.add(url)
          visit(url).catch((error: unknown) => problems.push(`visiting the page: ${String(error)}`))
        },
      },
    )
    report('authorization server', run.scenarios, run)
    const checks = run.scenarios.flatMap((scenario) => scenario.checks)
    const passed = withStatus(checks, 'SUCCESS').length
    if (passed !== 3) problems.push(`authorization server: ${passed} of 3 checks passed`)
  } finally {
    await server.close()
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (typeof address === 'object' && address !== null) return address.port
  throw new Error('No free port was given out.')
}

async function register(issuer: string, redirectUri: string): Promise<string> {
  const response = await fetch(`${issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'conformance',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    }),
  })
  const { client_id } = (await response.json()) as { client_id: string }
  return client_id
}

/** Follows the demo server's redirects, as a browser would, to the suite's callback. */
async function visit(url: string): Promise<void> {
  const cookies = new Map<string, string>()
  let next: string | undefined = url
  for (let redirects = 0; next !== undefined && redirects < 10; redirects += 1) {
    const response: Response = await fetch(next, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';', 1).join('').split(/=(.*)/s)
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    next = location === null ? undefined : new URL(location, next).href
  }
}

function report(title: string, scenarios: readonly ScenarioResult[], run: SuiteRun): void {
  const failing = scenarios.filter(({ checks }) => withStatus(checks, 'FAILURE').length > 0)
  const checks = scenarios.flatMap((scenario) => scenario.checks)
  process.stdout.write(
    `${title}: ${scenarios.length - failing.length} of ${scenarios.length} scenarios, ${withStatus(checks, 'SUCCESS').length} checks passed, ${withStatus(checks, 'FAILURE').length} failed, ${withStatus(checks, 'WARNING').length} warnings\n`,
  )
  if (scenarios.length === 0) problems.push(`${title}: nothing ran\n${run.output}`)
  // A scenario that could not start leaves nothing to read, and would not be missed.
  const announced = /^Running .*\((\d+) scenarios\)/m.exec(run.output)?.[1]
  if (announced !== undefined && Number(announced) !== run.scenarios.length) {
    problems.push(`${title}: ${run.scenarios.length} of ${announced} scenarios left a result`)
  }
  for (const { name, checks: seen } of scenarios) {
    if (withStatus(seen, 'SUCCESS').length === 0) problems.push(`${title}: ${name}: nothing passed`)
    for (const { id } of withStatus(seen, 'WARNING')) {
      problems.push(`${title}: ${name}: ${id} is a warning`)
    }
  }
  for (const { name, checks: failed } of failing) {
    for (const { id, errorMessage } of withStatus(failed, 'FAILURE')) {
      problems.push(
        `${title}: ${name}: ${id}${errorMessage === undefined ? '' : `: ${errorMessage}`}`,
      )
    }
  }
}

function withStatus(checks: readonly Check[], status: Check['status']): readonly Check[] {
  return checks.filter((check) => check.status === status)
}
