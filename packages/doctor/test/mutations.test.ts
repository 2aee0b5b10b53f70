import { createCanaries, seededRandom } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import {
  DoctorError,
  formatHtml,
  formatMarkdown,
  formatRecording,
  formatSarif,
  formatText,
  parseRecording,
  reportOn,
  runChecks,
} from '../src/index.ts'
import type { CheckResult, Report } from '../src/index.ts'
import {
  challengeOf,
  healthy,
  healthyChallenge,
  issuer,
  json,
  keySet,
  resourceDocument,
  serverDocument,
  serverUrl,
  startDeployment,
  urls,
  withAnswers,
} from './support/deployment.ts'
import type { Answer, Deployment } from './support/deployment.ts'

type Random = () => number

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[Math.floor(random() * values.length)] as Value
}

const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  ' ',
  'null',
  '\u0000\u001b[2J\u202e',
  '<script>alert(1)</script>',
  'http://localhost:1/x',
  'http://169.254.169.254/latest',
  'https://user:pass@as.test/',
  'https://as.test/?a#b',
  'javascript:alert(1)',
  'x'.repeat(20_000),
  [],
  [[]],
  [null, 1, {}],
  ['offline_access'],
  {},
  { toString: 1 },
  '__proto__',
]

function mutateDocument(random: Random, document: Readonly<Record<string, unknown>>): unknown {
  const changed: Record<string, unknown> = { ...document }
  for (let count = Math.floor(random() * 3); count >= 0; count -= 1) {
    const name = pick(random, Object.keys(document))
    if (random() < 0.25) delete changed[name]
    else changed[name] = pick(random, oddValues)
  }
  return random() < 0.05 ? pick(random, oddValues) : changed
}

function mutateText(random: Random, text: string): string {
  const at = Math.floor(random() * (text.length + 1))
  const noise = pick(random, [
    '',
    '"',
    '\\',
    '{',
    ']',
    ',',
    '\u0000',
    '\u2028',
    'é',
    '='.repeat(5000),
    '['.repeat(3000),
  ])
  return `${text.slice(0, at)}${noise}${text.slice(at + Math.floor(random() * 12))}`
}

function mutateAnswer(random: Random, answer: Answer): Answer {
  const kind = random()
  if (kind < 0.15)
    return {
      ...answer,
      status: pick(random, [200, 204, 301, 302, 307, 400, 401, 403, 404, 418, 429, 500, 503]),
    }
  if (kind < 0.25)
    return {
      ...answer,
      headers: {
        ...answer.headers,
        location: pick(random, ['/', '//', 'https://as.test/', '::', urls.resourceMetadata]),
      },
      status: 302,
    }
  if (kind < 0.3)
    return {
      ...answer,
      headers: {
        ...answer.headers,
        'content-type': pick(random, ['text/html', '', 'application/jwt', 'x']),
      },
    }
  if (kind < 0.5) return { ...answer, body: mutateText(random, answer.body ?? '') }
  return answer
}

function mutate(random: Random): Deployment {
  const header =
    random() < 0.4
      ? mutateText(random, healthyChallenge).replaceAll(/[^\x20-\x7e]/g, '')
      : healthyChallenge
  const document = (base: Readonly<Record<string, unknown>>): Answer =>
    mutateAnswer(random, json(random() < 0.7 ? mutateDocument(random, base) : base))
  const challenge = mutateAnswer(random, challengeOf(header))
  const resource = document(resourceDocument)
  const server = document(serverDocument)
  const keys = document(keySet)
  const atRoot = random() < 0.3 ? document(resourceDocument) : { status: 404 }
  return withAnswers({
    [serverUrl]: (asked) =>
      asked.method === 'POST' && random() < 0.9
        ? challenge
        : (healthy.answers[serverUrl]?.(asked) ?? challenge),
    [urls.resourceMetadata]: resource,
    [urls.rootResourceMetadata]: atRoot,
    [urls.serverMetadata]: server,
    [urls.openIdMetadata]: random() < 0.3 ? document(serverDocument) : { status: 404 },
    [urls.keys]: keys,
  })
}

function everyFormat(report: Report): readonly string[] {
  return [
    formatText(report),
    formatMarkdown(report),
    formatHtml(report),
    formatSarif(report),
    JSON.stringify(report),
  ]
}

async function check(deployment: Deployment): Promise<CheckResult> {
  await using running = await startDeployment(deployment)
  const { fetch, clock } = running
  return await runChecks(deployment.serverUrl, { fetch, clock })
}

const stackLine = /^\s+at .*:\d+:\d+\)?$/m
const discoverySteps = new Set(['connection', 'challenge', 'resource-metadata', 'server-metadata'])

/** Why the client stops, if no rule explains it. */
function unexplainedFailure({ discovery, findings }: Report): string | undefined {
  if (discovery?.outcome !== 'failed') return undefined
  const isExplained = findings.some(
    ({ severity, step }) => severity === 'error' && discoverySteps.has(step),
  )
  return isExplained ? undefined : discovery.message
}

/** Reads a recording and formats its report. */
async function codeOfRecording(text: string): Promise<unknown> {
  try {
    const outputs = everyFormat(await reportOn(parseRecording(text)))
    return outputs.some((output) => stackLine.test(output)) ? 'a stack trace' : 'read'
  } catch (error) {
    return DoctorError.is(error) ? error.code : error
  }
}

test('mutations: 700 mutated deployments cause no crash, no stack trace, and no unexplained failure', async () => {
  const random = seededRandom(2207)
  for (let round = 0; round < 700; round += 1) {
    const { report, observations } = await check(mutate(random))
    for (const text of everyFormat(report)) {
      expect(text).not.toMatch(stackLine)
    }
    // What stops the client of this repository must be a fault that a rule names.
    expect([round, unexplainedFailure(report)]).toEqual([round, undefined])
    expect(await reportOn(parseRecording(formatRecording(observations)))).toEqual(report)
  }
})

test('mutations: 300 mutated recordings are read or refused', async () => {
  const random = seededRandom(9728)
  const recording = formatRecording((await check(healthy)).observations)
  for (let round = 0; round < 300; round += 1) {
    const text = mutateText(random, mutateText(random, recording))
    expect([round, await codeOfRecording(text)]).toEqual([
      round,
      expect.toBeOneOf(['read', 'RECORDING_INVALID']),
    ])
  }
})

test(
  'secrets: none of the canaries is in any output, recording or report',
  { tags: ['C-06'] },
  async () => {
    const canaries = createCanaries()
    const secret = (label: string): string => canaries.secret(label)
    const url = `${serverUrl}?api_key=${secret('query of the URL')}`
    const at = (path: string): string =>
      `https://mcp.test${path}?api_key=${url.split('=')[1] ?? ''}`
    const jwt = (label: string): string => {
      const value = `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(secret(label)).toString('base64url')}.c2ln`
      canaries.watch(label, value)
      return value
    }
    const deployment: Deployment = {
      serverUrl: url,
      answers: {
        ...healthy.answers,
        [url]: () => ({
          ...challengeOf(
            `Bearer scope="mcp:read", resource_metadata="${at('/.well-known/oauth-protected-resource/mcp')}"`,
          ),
          headers: {
            'www-authenticate': `Bearer scope="mcp:read", resource_metadata="${at('/.well-known/oauth-protected-resource/mcp')}"`,
            'set-cookie': `session=${secret('cookie')}`,
            'mcp-session-id': secret('session'),
          },
          body: `{"echo":"Bearer ${jwt('token in a body')}"}`,
        }),
        [at('/.well-known/oauth-protected-resource/mcp')]: () =>
          json({
            ...resourceDocument,
            resource: url,
            access_token: secret('member of a document'),
          }),
        [urls.serverMetadata]: () =>
          json({
            ...serverDocument,
            client_secret: secret('client secret'),
            extra: [jwt('token in a list')],
          }),
        [urls.openIdMetadata]: () => ({
          status: 302,
          headers: {
            location: `https://login.test/?code=${secret('code')}&state=${secret('state')}`,
          },
        }),
        [urls.keys]: () => json({ keys: [{ ...keySet.keys[0], d: secret('private key') }] }),
        [`${issuer}/other`]: () => ({ status: 404 }),
      },
    }
    const { report, observations } = await check(deployment)
    expect(report.discovery).toMatchObject({ outcome: 'found' })
    expect(report.findings.map(({ rule }) => rule)).toContain('key-set-private')
    canaries.expectNoCanary([
      ...everyFormat(report),
      JSON.stringify(observations),
      formatRecording(observations),
    ])
  },
)
