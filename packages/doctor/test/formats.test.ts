import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  compareReports,
  formatHtml,
  formatMarkdown,
  formatRecording,
  formatSarif,
  formatText,
  parseRecording,
  parseReport,
  reportOn,
  rules,
  runChecks,
} from '../src/index.ts'
import type { CheckResult } from '../src/index.ts'
import { brokenServers } from './support/broken-servers.ts'
import {
  healthy,
  json,
  serverDocument,
  startDeployment,
  urls,
  withAnswers,
  withServer,
} from './support/deployment.ts'
import type { Deployment } from './support/deployment.ts'

async function check(deployment: Deployment): Promise<CheckResult> {
  await using running = await startDeployment(deployment)
  const { fetch, clock } = running
  return await runChecks(deployment.serverUrl, { fetch, clock })
}

const broken = withServer({
  code_challenge_methods_supported: undefined,
  authorization_response_iss_parameter_supported: undefined,
  revocation_endpoint: undefined,
})

test('report: faults come first, and the earliest step first among them', async () => {
  const { report } = await check(
    withAnswers(
      { [urls.keys]: { status: 404 } },
      withServer({
        code_challenge_methods_supported: undefined,
        authorization_response_iss_parameter_supported: undefined,
        revocation_endpoint: undefined,
      }),
    ),
  )
  expect(report.findings.map(({ rule }) => rule)).toEqual([
    'key-set-unusable',
    'pkce-not-advertised',
    'iss-not-advertised',
    'revocation-not-offered',
  ])
  expect(report.counts).toEqual({ error: 2, warning: 1, note: 1 })
})

test('recording: repeats the report without sending anything', async () => {
  for (const { deployment } of brokenServers) {
    const { report, observations } = await check(deployment)
    const repeated = await reportOn(parseRecording(formatRecording(observations)))
    expect(repeated).toEqual(report)
  }
})

test.each([
  ['', 'not a JSON object'],
  ['{"version":2}', 'version'],
  ['{"version":1,"serverUrl":"x"}', 'serverUrl'],
  [
    '{"version":1,"serverUrl":"https://a.test/","observedAtEpochSeconds":1,"exchanges":[{}]}',
    'exchange 0',
  ],
])('recording: refuses %s', (text, why) => {
  expect(() => parseRecording(text)).toThrow(
    expect.objectContaining({ code: 'RECORDING_INVALID', message: expect.stringContaining(why) }),
  )
})

test('baseline: says what is new and what is fixed', async () => {
  const before = await check(broken)
  const after = await check(withAnswers({ [urls.keys]: { status: 404 } }))
  const baseline = parseReport(JSON.stringify(before.report))
  const changes = compareReports(after.report, baseline)
  expect(changes.added.map(({ rule }) => rule)).toEqual(['key-set-unusable'])
  expect(changes.fixed.map(({ rule }) => rule)).toEqual([
    'pkce-not-advertised',
    'iss-not-advertised',
    'revocation-not-offered',
  ])
  expect(compareReports(before.report, baseline)).toMatchObject({
    added: [],
    fixed: [],
    unchanged: 3,
  })
  expect(() => parseReport('{}')).toThrow(expect.objectContaining({ code: 'BASELINE_INVALID' }))
})

test('sarif: has the members that code scanning needs', async () => {
  const { report } = await check(broken)
  const document: unknown = JSON.parse(formatSarif(report))
  expect(document).toMatchObject({
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            rules: expect.arrayContaining([expect.objectContaining({ id: 'pkce-not-advertised' })]),
          },
        },
        results: [
          {
            ruleId: 'pkce-not-advertised',
            level: 'error',
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: 'as.test/.well-known/oauth-authorization-server' },
                },
              },
            ],
          },
          { ruleId: 'iss-not-advertised', level: 'warning' },
          { ruleId: 'revocation-not-offered', level: 'note' },
        ],
      },
    ],
  })
})

test('html: one file that requests nothing and runs nothing', async () => {
  const page = formatHtml((await check(broken)).report)
  const sheet = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? ''
  const hash = createHash('sha256').update(sheet).digest('base64')
  expect(page).toContain(`default-src 'none'; style-src 'sha256-${hash}'`)
  expect(page).not.toMatch(/<script|\son\w+=|\sstyle=|<link|<img|url\((?!#)|@import/i)
  expect(page).toContain('<svg')
})

const hostile = '</code></p>\u202e<script>alert(1)</script>```|`@all [x](javascript:1)\u001b[2J'

test('every format: text of a server stays text', async () => {
  const { report } = await check(
    withAnswers({
      [urls.serverMetadata]: json({
        ...serverDocument,
        issuer: hostile,
        token_endpoint: `http://${hostile}`,
      }),
    }),
  )
  expect(report.findings.length).toBeGreaterThan(0)
  for (const text of [
    formatText(report),
    formatMarkdown(report),
    formatHtml(report),
    formatSarif(report),
  ]) {
    expect(text).not.toContain('\u001b')
    expect(text).not.toContain('\u202e')
  }
  expect(formatHtml(report)).not.toContain('<script')
  const outsideCode = formatMarkdown(report).replaceAll(/(`+)[^`][^]*?\1/g, '')
  expect(outsideCode).not.toContain('<script')
  expect(outsideCode).not.toMatch(/[^\\]\]\(javascript/)
})

test('every format: a healthy server has no findings', async () => {
  const { report } = await check(healthy)
  expect(formatText(report)).toContain('No findings.')
  expect(formatMarkdown(report)).toContain('0 errors, 0 warnings, 0 notes')
  expect(formatHtml(report)).toContain('No findings.')
  expect(JSON.parse(formatSarif(report))).toMatchObject({ runs: [{ results: [] }] })
})

test('text: names rule, evidence, change and link of every finding', async () => {
  const { report } = await check(broken)
  const text = formatText(report)
  for (const finding of report.findings) {
    for (const part of [finding.rule, finding.message, finding.change, finding.link]) {
      expect(text).toContain(part)
    }
  }
  expect(rules.length).toBeGreaterThan(70)
})

test('formats: quoted sentences have no Markdown of their source', async () => {
  const { report } = await check(withServer({ code_challenge_methods_supported: ['plain'] }))
  expect(report.findings[0]?.sentence).toContain('](https://')
  for (const text of [formatHtml(report), formatMarkdown(report)])
    expect(text).toContain('as required by OAuth 2.1 Section 4.1.1.')
})
