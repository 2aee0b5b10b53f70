import { inspect } from 'node:util'
import { startAuthorizationServer } from '@evergrant/reference-as'
import { freePort, walkThroughPages } from '@evergrant/test-kit'
import { z } from 'zod'
import { count } from './report.ts'
import type { Report } from './report.ts'
import { runSuite } from './suite.ts'

const title = 'authorization server'
const expectedChecks = 3

/** The authorization server suite against the reference authorization server. */
export async function runAuthorizationServerLeg(report: Report): Promise<void> {
  const server = await startAuthorizationServer({ demo: true })
  try {
    const port = await freePort()
    const clientId = await register(server.issuer, `http://127.0.0.1:${port}/callback`)
    const client = ['--client-id', clientId, '--port', String(port)]
    const resource = ['--resource', 'http://127.0.0.1:1/mcp']
    const followed = new Set<string>()
    const run = await runSuite(['authorization', '--url', server.issuer, ...client, ...resource], {
      onLine(line) {
        const url = /https?:\/\/\S+[?&]response_type=\S+/.exec(line)?.[0]
        if (url === undefined || followed.has(url)) return
        followed.add(url)
        walkThroughPages(url).catch((error: unknown) => {
          report.problem(`${title}: ${url} cannot be opened: ${inspect(error)}`)
        })
      },
    })
    report.leg(title, run.scenarios, run)
    const checks = run.scenarios.flatMap((scenario) => scenario.checks)
    const passed = count(checks, 'SUCCESS')
    if (passed !== expectedChecks) {
      report.problem(`${title}: ${passed} of ${expectedChecks} checks passed`)
    }
  } finally {
    await server.close()
  }
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
  return z.object({ client_id: z.string() }).parse(await response.json()).client_id
}
