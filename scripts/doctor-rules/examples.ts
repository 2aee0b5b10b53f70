import { STATUS_CODES } from 'node:http'
import { runChecks, reportOn } from '../../packages/doctor/src/index.ts'
import type { CertificateFacts, Report } from '../../packages/doctor/src/index.ts'
import { brokenServers } from '../../packages/doctor/test/support/broken-servers.ts'
import type { BrokenServer } from '../../packages/doctor/test/support/broken-server.ts'
import { healthy, startDeployment } from '../../packages/doctor/test/support/deployment.ts'
import {
  faultyMeasurements,
  sound,
} from '../../packages/doctor/test/support/faulty-measurements.ts'
import { differentLeaves, differentMembers, formatJson } from './json-difference.ts'

/** What breaks a rule and what does not, from the servers of the rule's test. */
export interface Example {
  /** Code blocks in Markdown. */
  readonly wrong: string
  readonly right: string
  /** The options that measure it, if the blocks are parts of the report and not requests. */
  readonly measuredWith?: string
  /** What the doctor says about the wrong one. */
  readonly messages: readonly string[]
}

/** A request of the doctor and its answer. */
interface Exchange {
  readonly url: string
  /** The request as it would be sent. */
  readonly request: string
  readonly status: number | undefined
  readonly failure: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly seconds: number
}

interface Run {
  readonly exchanges: readonly Exchange[]
  readonly report: Report
}

/** Headers of the transport, which say nothing about a rule. */
const transportHeaders = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'vary',
])

/** Runs the doctor at the broken and at the healthy servers, and shows the first difference. */
export async function exampleOf(rule: string): Promise<Example> {
  const broken = brokenServers.find((one) => one.rule === rule)
  if (broken !== undefined) return await httpExample(broken)
  const faulty = faultyMeasurements.find((one) => one.rule === rule)
  if (faulty === undefined) throw new Error(`The rule ${rule} has no test.`)
  if (faulty.deployment !== undefined)
    return withRequest(
      faulty.request,
      await httpExample({ rule, deployment: faulty.deployment }, rule),
    )
  const measurement = { ...sound, ...faulty.change }
  return {
    measuredWith: 'reuse' in faulty.change ? '--sign-in --invasive' : '--sign-in',
    wrong: jsonBlock({ measurement: differentLeaves(measurement, sound) }),
    right: jsonBlock({ measurement: differentLeaves(sound, measurement) }),
    messages: await messagesAbout(rule, { rule, deployment: healthy }, measurement),
  }
}

async function httpExample(broken: BrokenServer, measured?: string): Promise<Example> {
  const [wrong, right] = [
    await run(broken),
    await run({ rule: '', deployment: broken.repaired ?? healthy }),
  ]
  const messages =
    measured === undefined
      ? wrong.report.findings.map(({ message }) => message)
      : await messagesAbout(measured, broken, sound)
  if (broken.certificate !== undefined) {
    const { certificate } = broken
    const later = {
      ...certificate,
      validUntilEpochSeconds: certificate.validUntilEpochSeconds + 60 * 86_400,
    }
    return { wrong: certificateBlock(certificate), right: certificateBlock(later), messages }
  }
  const [one, other] = firstDifference(wrong, right)
  return { wrong: httpBlock(one, other), right: httpBlock(other, one), messages }
}

/** An example that needs a request besides the documents. */
function withRequest(request: string | undefined, example: Example): Example {
  if (request === undefined) return example
  const first = block('http', request)
  return {
    ...example,
    wrong: `${first}\n\n${example.wrong}`,
    right: `${first}\n\n${example.right}`,
  }
}

/** What matters of a certificate, with the names that `openssl x509` uses. */
function certificateBlock({ host, validUntilEpochSeconds }: CertificateFacts): string {
  const until = new Date(validUntilEpochSeconds * 1000).toUTCString()
  return block('text', `subject   CN=${host}\nnotAfter  ${until}`)
}

/** The first exchange that the healthy servers answer in another way: if possible, one of the evidence. */
function firstDifference(wrong: Run, right: Run): readonly [Exchange, Exchange] {
  const pairs = wrong.exchanges.flatMap(
    (one, index): readonly (readonly [Exchange, Exchange])[] => {
      const other =
        right.exchanges.find(({ request }) => request === one.request) ?? right.exchanges[index]
      return other === undefined || areAlike(one, other) ? [] : [[one, other]]
    },
  )
  const quoted = new Set(
    wrong.report.findings.flatMap(({ evidence }) => evidence.map(({ url }) => url)),
  )
  const pair = pairs.find(([{ url }]) => quoted.has(url)) ?? pairs[0]
  if (pair === undefined) throw new Error('A broken server answers like the healthy one.')
  return pair
}

async function messagesAbout(
  rule: string,
  { deployment }: BrokenServer,
  measurement: typeof sound,
): Promise<readonly string[]> {
  await using running = await startDeployment(deployment)
  const { observations } = await runChecks(deployment.serverUrl, running)
  const { findings } = await reportOn({ ...observations, measurement })
  return findings.filter((finding) => finding.rule === rule).map(({ message }) => message)
}

async function run({ deployment, certificate }: BrokenServer): Promise<Run> {
  await using running = await startDeployment(deployment)
  const exchanges: Exchange[] = []
  const { report } = await runChecks(deployment.serverUrl, {
    clock: running.clock,
    readCertificate: (origin) =>
      Promise.resolve(origin === `https://${certificate?.host}` ? certificate : undefined),
    async fetch(input, init) {
      const before = running.clock.nowEpochSeconds()
      const url = input instanceof Request ? input.url : input.toString()
      const request = requestText(url, init)
      const exchange = {
        url,
        request,
        status: undefined,
        failure: undefined,
        headers: {},
        body: '',
      }
      try {
        const response = await running.fetch(input, init)
        const seconds = running.clock.nowEpochSeconds() - before
        const body = await response.clone().text()
        const { status } = response
        const headers = Object.fromEntries(response.headers)
        exchanges.push({ ...exchange, status, headers, body, seconds })
        return response
      } catch (error) {
        const { cause } = error as { readonly cause?: { readonly message?: string } }
        exchanges.push({ ...exchange, failure: cause?.message ?? String(error), seconds: 0 })
        throw error
      }
    },
  })
  return { exchanges, report }
}

function requestText(url: string, init: RequestInit | undefined): string {
  const { pathname, search, host, protocol } = new URL(url)
  const headers = [...new Headers(init?.headers)].filter(
    ([name]) => name === 'authorization' || name === 'origin' || name.startsWith('access-control'),
  )
  return [
    `${init?.method ?? 'GET'} ${pathname}${search} HTTP/1.1`,
    `host: ${host}${protocol === 'http:' ? ' (without TLS)' : ''}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ].join('\n')
}

function areAlike(one: Exchange, other: Exchange): boolean {
  return (
    one.request === other.request &&
    one.failure === other.failure &&
    one.status === other.status &&
    one.body === other.body &&
    one.seconds === other.seconds &&
    differentHeaders(one, other).length === 0
  )
}

function differentHeaders(one: Exchange, other: Exchange): readonly string[] {
  const names = new Set([...Object.keys(one.headers), ...Object.keys(other.headers)])
  // The clocks differ only in the answers of the rule about clocks.
  const isLate = one.seconds !== other.seconds || other.failure !== undefined
  return [...names].filter(
    (name) =>
      !transportHeaders.has(name) &&
      !(name === 'date' && isLate) &&
      one.headers[name] !== other.headers[name],
  )
}

/** An exchange, with the parts in which it differs from the other one. */
function httpBlock(one: Exchange, other: Exchange): string {
  const { request, status, failure, headers, body, seconds } = one
  if (failure !== undefined) return block('http', `${request}\n\nno answer: ${failure}`)
  const shown = new Set([...differentHeaders(one, other), 'content-type'])
  const lines = Object.entries(headers)
    .filter(([name]) => shown.has(name) && !transportHeaders.has(name))
    .map(([name, value]) => `${name}: ${value}`)
  const after = seconds > 0 ? ` (after ${seconds} s)` : ''
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status ?? 0] ?? ''}${after}`
  const parts = [request, [statusLine, ...lines].join('\n')]
  if (body !== other.body && body !== '') parts.push(bodyText(body, other.body))
  return block('http', parts.join('\n\n'))
}

const longestBody = 1000

function bodyText(body: string, other: string): string {
  const text = differentMembers(body, other) ?? body
  return text.length > longestBody ? `${text.slice(0, 80)}…\n\n(${text.length} characters)` : text
}

function jsonBlock(value: unknown): string {
  return block('json', formatJson(value))
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}
