import { readFile, writeFile } from 'node:fs/promises'
import type { BaselineComparison, CheckOptions, Finding, Report, Severity } from '@evergrant/doctor'
import {
  compareReports,
  DoctorError,
  formatHtml,
  formatMarkdown,
  formatRecording,
  formatSarif,
  formatText,
  parseRecording,
  parseReport,
  reportOn,
  runChecks,
} from '@evergrant/doctor'
import { readCertificate } from '@evergrant/doctor/certificate'
import { signInOf } from '../connection/interactive-sign-in.ts'
import type { SignInFlags } from '../connection/sign-in-flags.ts'
import { serverFacts } from '../connection/sign-in-flags.ts'
import type { Surroundings } from '../connection/surroundings.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { CliError } from '../lib/errors.ts'
import type { CommonFlags } from './runner.ts'
import { displayName } from '../names.ts'

/** Options of `evergrant doctor`. */
export interface DoctorFlags extends CommonFlags, SignInFlags {
  readonly as?: string
  readonly origin?: string
  readonly record?: string
  readonly from?: string
  readonly baseline?: string
  readonly sarif?: string
  readonly markdown?: string
  readonly html?: string
  readonly signIn?: boolean
  readonly invasive?: boolean
  readonly failOn: Severity | 'never'
}

/** Checks the authorization of an MCP server, or repeats a check from a recording. */
export async function doctor(
  serverUrl: string | undefined,
  flags: DoctorFlags,
  surroundings: Surroundings,
): Promise<CommandOutcome> {
  return await withOwnErrors(async () => {
    // Before the check, which can take minutes and a sign-in.
    const baseline =
      flags.baseline === undefined
        ? undefined
        : parseReport(await readText('--baseline', flags.baseline))
    const report = await check(serverUrl, flags, surroundings)
    const changes = baseline === undefined ? undefined : compareReports(report, baseline)
    await writeFiles(report, flags)
    // With a baseline, only what is new fails a build.
    const judged = changes?.added ?? report.findings
    return {
      exitCode: isBelow(judged, flags.failOn) ? exitCodes.done : exitCodes.checkFailed,
      document: { ...report, ...(changes === undefined ? {} : { changes }) },
      text: [formatText(report), ...(changes === undefined ? [] : [describeChanges(changes)])].join(
        '\n',
      ),
    }
  })
}

async function writeFiles(report: Report, flags: DoctorFlags): Promise<void> {
  const formats = [
    ['--sarif', flags.sarif, formatSarif],
    ['--markdown', flags.markdown, formatMarkdown],
    ['--html', flags.html, formatHtml],
  ] as const
  for (const [option, file, format] of formats) {
    if (file !== undefined) await writeText(option, file, format(report))
  }
}

function describeChanges({ added, fixed, unchanged }: BaselineComparison): string {
  return [
    `Since the baseline: ${added.length} new, ${fixed.length} fixed, ${unchanged} unchanged`,
    ...added.map(({ rule, title }) => `  new    ${rule}: ${title}`),
    ...fixed.map(({ rule, title }) => `  fixed  ${rule}: ${title}`),
  ].join('\n')
}

async function check(
  serverUrl: string | undefined,
  flags: DoctorFlags,
  surroundings: Surroundings,
): Promise<Report> {
  const { from, record, as: issuer, origin } = flags
  const { fetch, environment } = surroundings
  if (from !== undefined) {
    checkAlone(serverUrl, flags)
    return await reportOn(parseRecording(await readText('--from', from)))
  }
  if (serverUrl === undefined) {
    throw new CliError('USAGE', 'No MCP server is named. Name its URL, or a recording with --from.')
  }
  const { report, observations } = await runChecks(serverUrl, {
    issuer,
    pageOrigin: origin,
    fetch,
    signal: environment.signal,
    ...(flags.signIn === true || flags.invasive === true
      ? { measure: measurement(flags, surroundings) }
      : {}),
    // Through a proxy, the certificate of the server cannot be seen.
    ...(usesProxy(environment.env) ? {} : { readCertificate }),
  })
  if (record !== undefined) await writeText('--record', record, formatRecording(observations))
  return report
}

/** A report on a recording sends nothing, so what asks for requests contradicts it. */
function checkAlone(
  serverUrl: string | undefined,
  { signIn, invasive, record, as: issuer, origin }: DoctorFlags,
): void {
  const given = [
    ['a URL', serverUrl],
    ['--sign-in', signIn],
    ['--invasive', invasive],
    ['--record', record],
    ['--as', issuer],
    ['--origin', origin],
  ] as const
  const contradiction = given.find(([, value]) => value !== undefined)
  if (contradiction === undefined) return
  throw new CliError(
    'USAGE',
    `The options contradict each other: --from and ${contradiction[0]} (--from reports on a recording, and sends nothing). Leave one of them out.`,
  )
}

function measurement(
  flags: DoctorFlags,
  surroundings: Surroundings,
): NonNullable<CheckOptions['measure']> {
  const facts = serverFacts(flags, surroundings.environment.env)
  return {
    signIn: signInOf(flags, surroundings),
    client: {
      name: `${displayName} doctor`,
      ...(facts.preRegistered === undefined ? {} : { preRegistered: facts.preRegistered }),
      dynamicRegistration: facts.dynamicRegistration,
    },
    preferences: facts.preferences,
    trustedIssuer: facts.trustedIssuer,
    acceptedResource: facts.acceptedResource,
    invasive: flags.invasive,
    progress: surroundings.say,
  }
}

const severities: readonly Severity[] = ['error', 'warning', 'note']

function isBelow(findings: readonly Finding[], failOn: DoctorFlags['failOn']): boolean {
  if (failOn === 'never') return true
  const failing = new Set(severities.slice(0, severities.indexOf(failOn) + 1))
  return !findings.some(({ severity }) => failing.has(severity))
}

function usesProxy(env: Surroundings['environment']['env']): boolean {
  return ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].some((name) => Boolean(env[name]))
}

async function withOwnErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!DoctorError.is(error)) throw error
    throw new CliError('USAGE', error.message, { cause: error })
  }
}

async function readText(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw fileError(option, file, 'read', error)
  }
}

async function writeText(option: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (error) {
    throw fileError(option, file, 'written', error)
  }
}

function fileError(option: string, file: string, what: string, error: unknown): CliError {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  return new CliError(
    'USAGE',
    `The file of ${option} cannot be ${what}: ${JSON.stringify(file)}${code}. Name another file.`,
    { cause: error },
  )
}
