import { expect, test } from 'vitest'
import {
  compareReports,
  formatHtml,
  formatMarkdown,
  formatSarif,
  formatText,
  parseRecording,
  reportOn,
  runChecks,
} from '../src/index.ts'
import type { Measurement, Observations, Report } from '../src/index.ts'
import { healthy, issuer, startDeployment, withServer } from './support/deployment.ts'
import type { Deployment } from './support/deployment.ts'

async function observe(deployment: Deployment): Promise<Observations> {
  await using running = await startDeployment(deployment)
  const { observations } = await runChecks(deployment.serverUrl, {
    fetch: running.fetch,
    clock: running.clock,
  })
  return observations
}

const trial = { outcome: 'refused', status: 400, error: 'invalid_grant' } as const

function measurementWith(audience: unknown): Measurement {
  return {
    issuer,
    isPublicClient: true,
    registration: 'dynamic',
    iss: 'sent',
    accessToken: { format: 'jwt', type: 'Bearer', audience: audience as readonly string[] },
    refreshToken: 'not-issued',
    announced: {},
    invalidToken: trial,
    revocation: { outcome: 'not-offered' },
    cleanUp: { grants: 1, revoked: 0, client: 'none' },
  }
}

test('hostile text: a server cannot write lines of its own', async () => {
  const forged = 'forged-line'
  const observations = await observe(healthy)
  const measurement = measurementWith([`a\n${forged}\u2028${forged}\r${forged}`])
  const report = await reportOn({ ...observations, measurement })
  for (const text of [formatText(report), formatMarkdown(report), formatHtml(report)]) {
    expect(text).toContain(forged)
    expect(text).not.toMatch(new RegExp(`^\\s*${forged}`, 'mu'))
  }
})

test('hostile text: Markdown and SARIF have no link or mention of a server', async () => {
  const observations = await observe(
    withServer({ code_challenge_methods_supported: ['[here](https://evil.test) @everyone'] }),
  )
  const report = await reportOn(observations)
  const sarif = JSON.parse(formatSarif(report)) as {
    runs: [{ results: { message: { text: string } }[] }]
  }
  for (const { message } of sarif.runs[0].results) expect(message.text).not.toContain('](')
  const prose = formatMarkdown(report).replaceAll(/`[^`]*`/g, '')
  expect(prose).not.toMatch(/(?<!\\)\]\(https:\/\/evil|@everyone|[^(]https:\/\/evil/)
})

test.each([
  ['audience', measurementWith('text')],
  ['audience', measurementWith([{}])],
  ['iss', { ...measurementWith([]), iss: 'forged' }],
  ['cleanUp', { ...measurementWith([]), cleanUp: {} }],
  ['refresh', { ...measurementWith([]), refresh: { plain: {} } }],
])('hostile text: a recording with a wrong %s is refused', async (_name, measurement) => {
  const observations = await observe(healthy)
  expect(() => parseRecording(JSON.stringify({ ...observations, measurement }))).toThrow(
    expect.objectContaining({ code: 'RECORDING_INVALID' }),
  )
})

test('baseline: a second fault of the same rule at the same place is new', async () => {
  const insecure = (members: Readonly<Record<string, unknown>>): Promise<Report> =>
    observe(withServer(members)).then(reportOn)
  const before = await insecure({ introspection_endpoint: 'http://as.test/introspect' })
  const now = await insecure({
    introspection_endpoint: 'http://as.test/introspect',
    userinfo_endpoint: 'http://as.test/userinfo',
  })
  expect(compareReports(now, before)).toMatchObject({ added: [{}], fixed: [], unchanged: 1 })
  expect(compareReports(before, now)).toMatchObject({ added: [], fixed: [{}], unchanged: 1 })
})

test.each(['not an origin', 'https://app.test/path', 'a\r\nb: c', 'file:///etc'])(
  'bad input: refuses the page origin %j',
  async (pageOrigin) => {
    await expect(runChecks(healthy.serverUrl, { pageOrigin })).rejects.toThrow(
      expect.objectContaining({ code: 'URL_INVALID' }),
    )
  },
)
