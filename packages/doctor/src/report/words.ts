import { formatSeconds } from '../forecast/statement.ts'
import type { Statement } from '../forecast/statement.ts'
import type { MeasuredTime, RefreshTrial } from '../observations/measurement.ts'
import type { Concern } from '../rules/rule.ts'
import type { Verdict } from '../verdicts/verdicts.ts'
import type { Report } from './report.ts'

/** Names of those whom a finding concerns. */
export const concernNames: Readonly<Record<Concern, string>> = {
  'mcp-server': 'MCP server',
  'authorization-server': 'Authorization server',
  client: 'Client',
}

/** Text of a server on one line. */
export function onOneLine(text: string): string {
  return text.replaceAll(/[\r\n\u0085\u2028\u2029]+/g, ' ')
}

/** A sentence of a specification without its Markdown. */
export function plainText(sentence: string): string {
  return sentence.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/\*\*|`/g, '')
}

/** How the server treats requests without a token, in one sentence. */
export function describeAccess({ access, discovery }: Report): string {
  const found = discovery?.outcome === 'found'
  const where = found ? ` at ${discovery.issuer}.` : ', and clients cannot find out where.'
  const sentences: Readonly<Record<Report['access'], string>> = {
    open: 'the server requires no sign-in.',
    protected: `requires a sign-in${where}`,
    'partly-protected': `requires a sign-in for some requests${where}`,
    unreachable: 'no answer.',
    refused: 'refuses requests without a token in a way that clients do not understand.',
    redirected: 'redirects.',
    failing: 'fails, so nothing else could be checked.',
    'not-mcp': 'no MCP server answers here.',
  }
  return sentences[access]
}

/** The number of findings by severity. */
export function describeCounts({ counts }: Report): string {
  const plural = (count: number, word: string): string =>
    `${count} ${word}${count === 1 ? '' : 's'}`
  return [
    plural(counts.error, 'error'),
    plural(counts.warning, 'warning'),
    plural(counts.note, 'note'),
  ].join(', ')
}

/** The forecast as lines; none if there is no forecast. */
export function describeForecast({ forecast }: Report): readonly string[] {
  if (forecast === undefined) return []
  const { request, refreshToken, duration, product, registration } = forecast
  const parameters = Object.entries(request.parameters).map(([name, value]) => `${name}=${value}`)
  return [
    `product         ${product?.name ?? 'unknown'}`,
    ...(product?.page === undefined ? [] : [`                ${product.page}`]),
    `registration    ${registration.join(', ')}`,
    `send            ${[
      request.scope === undefined ? 'no scope' : `scope=${JSON.stringify(request.scope)}`,
      ...(request.prompt === undefined ? [] : [`prompt=${request.prompt}`]),
      request.resource === undefined ? 'no resource' : `resource=${request.resource}`,
      ...parameters,
    ].join(', ')}`,
    `PKCE            ${request.pkce === 'S256' ? 'S256' : 'clients must refuse to continue'}`,
    `refresh token   ${outlooks[refreshToken.outlook]}`,
    ...refreshToken.reasons.map((reason) => `                ${describeStatement(reason)}`),
    `lasts           ${describeDuration(forecast.duration)}`,
    ...duration.ends.map((end) => `                ${describeStatement(end)}`),
    ...(duration.unknown.length === 0 ? [] : [`unknown         ${duration.unknown.join('; ')}`]),
  ]
}

/** How the outlook for a refresh token is shown. */
export const outlooks: Readonly<Record<string, string>> = {
  probably: 'probably issued',
  'probably-not': 'probably not issued',
  unknown: 'unknown',
  'not-applicable': '–',
}

/** How long a sign-in probably lasts. */
function describeDuration({
  idleSeconds,
  absoluteSeconds,
}: NonNullable<Report['forecast']>['duration']): string {
  if (absoluteSeconds !== undefined) {
    const idle = idleSeconds === undefined ? '' : `, or ${formatSeconds(idleSeconds)} without use`
    return `at most ${formatSeconds(absoluteSeconds)}${idle}`
  }
  if (idleSeconds !== undefined) {
    return `until it is not used for ${formatSeconds(idleSeconds)}; a longest time is not known`
  }
  return 'unknown. Measure it with --sign-in'
}

/** A statement with its basis and source. */
function describeStatement({ text, basis, source }: Statement): string {
  return `${text} (${basis}${source === undefined ? '' : `: ${source}`})`
}

/** One line about a client. */
export function describeVerdict({
  client,
  version,
  signIn,
  because,
  refreshToken,
  expiry,
}: Verdict): string {
  const start = {
    works: 'signs in',
    'needs-a-registered-client': 'signs in with a client that was registered by hand',
    fails: `cannot sign in (${because ?? ''})`,
    'not-needed': 'needs no sign-in',
  }[signIn]
  const token = signIn === 'works' || signIn === 'needs-a-registered-client'
  const refresh = token ? `; refresh token: ${outlooks[refreshToken] ?? ''}. ${expiry}` : ''
  return `${client} ${version}: ${start}${refresh}`
}

/** What was measured, as lines; none without a sign-in. */
export function describeMeasurement({ measurement }: Report): readonly string[] {
  if (measurement === undefined) return []
  const { accessToken, refreshToken, refresh, reuse, revocation, announced, cleanUp } = measurement
  const time = (one: MeasuredTime): string => `${one.isAtLeast ? 'at least ' : ''}${one.seconds} s`
  const announcedLines = Object.entries(announced).map(
    ([member, seconds]) => `${member} ${seconds} s`,
  )
  const status = accessToken.mcpServerStatus
  return [
    `signed in       at ${measurement.issuer}, client: ${measurement.registration}, iss: ${measurement.iss}`,
    `access token    ${accessToken.format}, ${accessToken.type}, lives for ${accessToken.expiresInSeconds ?? 'an unknown number of'} s${accessToken.audience === undefined ? '' : `, aud ${accessToken.audience.join(', ')}`}${status === undefined ? '' : `, MCP server: ${status}`}`,
    `refresh token   ${refreshToken}${measurement.noRefreshTokenReason === undefined ? '' : `: ${measurement.noRefreshTokenReason}`}`,
    `announced       ${announcedLines.length === 0 ? 'nothing about the end of the sign-in' : announcedLines.join(', ')}`,
    ...(refresh === undefined
      ? []
      : [
          `rotation        ${refresh.rotation}${refresh.overlap === undefined ? '' : `, overlap ${time(refresh.overlap)}`}`,
          `refresh         plain: ${describeTrial(refresh.plain)}; with resource: ${describeTrial(refresh.withResource)}; with scope: ${describeTrial(refresh.withScope)}`,
          ...(refresh.narrowed === undefined
            ? []
            : [`narrowed        ${describeTrial(refresh.narrowed)}`]),
        ]),
    `invalid token   ${describeTrial(measurement.invalidToken)}`,
    ...(reuse === undefined
      ? []
      : [
          `superseded      honored for ${time(reuse.grace)}${reuse.withinGrace === undefined ? '' : ` (${reuse.withinGrace})`}${reuse.afterGrace === undefined ? '' : `, then ${reuse.afterGrace}`}`,
        ]),
    `revocation      ${revocation.outcome}${revocation.refreshTokenLatency === undefined ? '' : `, refresh token after ${time(revocation.refreshTokenLatency)}`}${revocation.accessTokenLatency === undefined ? '' : `, access token after ${time(revocation.accessTokenLatency)}`}`,
    `removed         ${cleanUp.revoked} of ${cleanUp.grants} grants, client ${cleanUp.client}`,
  ]
}

function describeTrial({ outcome, status, error, refreshToken }: RefreshTrial): string {
  if (outcome === 'no-answer') return status === undefined ? 'no answer' : `failed (${status})`
  return outcome === 'tokens'
    ? `ok (${refreshToken ?? 'none'})`
    : `refused (${status ?? ''}${error === undefined ? '' : ` ${error}`})`
}
