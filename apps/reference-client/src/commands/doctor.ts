import { readFile, writeFile } from 'node:fs/promises'
import type { Report, Severity } from '@evergrant/doctor'
import {
  DoctorError,
  formatRecording,
  formatText,
  parseRecording,
  reportOn,
  runChecks,
} from '@evergrant/doctor'
import { readCertificate } from '@evergrant/doctor/certificate'
import type { Surroundings } from '../connection/surroundings.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { CliError } from '../lib/errors.ts'
import type { CommonFlags } from './runner.ts'

/** Options of `evergrant doctor`. */
export interface DoctorFlags extends CommonFlags {
  readonly as?: string
  readonly origin?: string
  readonly record?: string
  readonly from?: string
  readonly failOn: Severity | 'never'
}

/** Checks the authorization of an MCP server, or repeats a check from a recording. */
export async function doctor(
  serverUrl: string | undefined,
  flags: DoctorFlags,
  surroundings: Surroundings,
): Promise<CommandOutcome> {
  const report = await withOwnErrors(() => check(serverUrl, flags, surroundings))
  return {
    exitCode: isBelow(report, flags.failOn) ? exitCodes.done : exitCodes.checkFailed,
    document: { ...report },
    text: formatText(report),
  }
}

async function check(
  serverUrl: string | undefined,
  { from, record, as: issuer, origin }: DoctorFlags,
  { fetch, environment }: Surroundings,
): Promise<Report> {
  if (from !== undefined) return await reportOn(parseRecording(await readText('--from', from)))
  if (serverUrl === undefined) {
    throw new CliError('USAGE', 'No MCP server is named. Name its URL, or a recording with --from.')
  }
  const { report, observations } = await runChecks(serverUrl, {
    issuer,
    pageOrigin: origin,
    fetch,
    signal: environment.signal,
    // Through a proxy, the certificate of the server cannot be seen.
    ...(usesProxy(environment.env) ? {} : { readCertificate }),
  })
  if (record !== undefined) await writeText('--record', record, formatRecording(observations))
  return report
}

const severities: readonly Severity[] = ['error', 'warning', 'note']

function isBelow({ counts }: Report, failOn: DoctorFlags['failOn']): boolean {
  if (failOn === 'never') return true
  return severities
    .slice(0, severities.indexOf(failOn) + 1)
    .every((severity) => counts[severity] === 0)
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
