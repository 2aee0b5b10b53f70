import { ProtocolError } from '@evergrant/core'
import { canonicalResource } from '@evergrant/core/metadata'
import { readEvidence } from '../evidence/read-evidence.ts'
import { DoctorError } from '../lib/errors.ts'
import type { Observations } from '../observations/observations.ts'
import { removeSecrets } from '../observations/remove-secrets.ts'
import { probe } from '../probe/probe.ts'
import type { ProbeOptions } from '../probe/probe.ts'
import { makeReport } from '../report/make-report.ts'
import type { Report } from '../report/report.ts'
import { measureSignIn } from '../sign-in/measure-sign-in.ts'
import type { MeasureOptions } from '../sign-in/measure-sign-in.ts'
import { rules } from '../rules/all-rules.ts'

/** Options of {@link runChecks}. */
export interface CheckOptions extends ProbeOptions {
  /** Also signs in for real, measures, and revokes everything that it created. */
  readonly measure?:
    | Omit<MeasureOptions, 'fetch' | 'signal' | 'requestTimeoutMilliseconds'>
    | undefined
}

/** A report, and the observations that it was made from. */
export interface CheckResult {
  readonly report: Report
  readonly observations: Observations
}

/**
 * Checks the authorization of an MCP server. It signs in only with the option `measure`. A fault of a
 * server is a finding, never an error.
 *
 * @param serverUrl - The URL that clients use.
 * @throws {DoctorError} `URL_INVALID` for a URL that is not http(s), or has credentials, and for a
 *   `pageOrigin` that is not an origin.
 * @example
 * const { report } = await runChecks('https://mcp.example.com/mcp')
 * report.findings[0]?.change // what to do first
 */
export async function runChecks(
  serverUrl: string,
  options: CheckOptions = {},
): Promise<CheckResult> {
  const { measure, ...probeOptions } = options
  const url = checked(serverUrl, 'The MCP server URL')
  const probed = await probe(url, {
    ...probeOptions,
    ...(options.pageOrigin === undefined ? {} : { pageOrigin: checkedOrigin(options.pageOrigin) }),
    ...(options.issuer === undefined ? {} : { issuer: checkedIssuer(options.issuer) }),
  })
  const observations =
    measure === undefined || !requiresToken(probed)
      ? probed
      : removeSecrets(
          await measureSignIn(url, probed, {
            ...measure,
            fetch: options.fetch,
            signal: options.signal,
            requestTimeoutMilliseconds: options.requestTimeoutMilliseconds,
          }),
        )
  return { report: await reportOn(observations), observations }
}

/** Makes a report from observations, for example of a recording. Sends nothing. */
export async function reportOn(observations: Observations): Promise<Report> {
  return makeReport(await readEvidence(observations), rules)
}

/** Without a challenge, there is nothing to sign in to. */
function requiresToken({ exchanges }: Observations): boolean {
  return exchanges.some(
    ({ purpose, answer }) => answer?.status === 401 && purpose !== 'invalid-token-request',
  )
}

function checked(url: string, what: string): string {
  try {
    canonicalResource(url)
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    throw new DoctorError('URL_INVALID', error.message.replace('The MCP server URL', what), {
      cause: error,
    })
  }
  return new URL(url).href === `${url}/` ? url : withoutFragment(url)
}

function checkedIssuer(issuer: string): string {
  checked(issuer, 'The issuer')
  return issuer
}

function checkedOrigin(pageOrigin: string): string {
  if (URL.canParse(pageOrigin)) {
    const { origin, protocol } = new URL(pageOrigin)
    if (/^https?:$/.test(protocol) && (pageOrigin === origin || pageOrigin === `${origin}/`))
      return origin
  }
  throw new DoctorError(
    'URL_INVALID',
    `The origin of the page cannot be used: ${JSON.stringify(pageOrigin.slice(0, 200))} (expected an origin). Pass one such as "https://app.example.com".`,
  )
}

function withoutFragment(url: string): string {
  return url.split('#', 1)[0] ?? url
}
