import type { SessionStatus } from '@evergrant/client'
import { EvergrantClientError, listSessions } from '@evergrant/client'
import type { App } from '../connection/app.ts'
import type { CommandOutcome } from '../lib/environment.ts'
import { exitCodes } from '../lib/environment.ts'
import { formatMoment } from '../output/time.ts'

/** One sign-in, as `evergrant status` shows it. Contains no secret. */
interface SessionReport {
  readonly serverUrl: string
  readonly state: SessionStatus['state'] | 'unreadable'
  readonly issuer?: string
  readonly clientId?: string
  readonly scope?: string
  readonly accessTokenExpiresAtEpochSeconds?: number
  /** Whether the next access token requires no sign-in. */
  readonly canRefresh?: boolean
  readonly refreshPending?: boolean
  readonly ended?: SessionStatus['ended']
  readonly noRefreshTokenReason?: string
  readonly refusal?: SessionStatus['refusal']
  readonly refreshTokenExpiry?: SessionStatus['refreshTokenExpiry']
  readonly authorizationExpiry?: SessionStatus['authorizationExpiry']
  readonly assumptions?: SessionStatus['assumptions']
  /** With `unreadable`: what is wrong with the record. */
  readonly problem?: string
}

/** Shows the state of all sign-ins, or of one. */
export async function status(serverUrl: string | undefined, app: App): Promise<CommandOutcome> {
  const pendingRevocations = await app.retryRevocations()
  const listing =
    serverUrl === undefined
      ? await listSessions(app.store)
      : { serverUrls: [serverUrl], unreadable: [] }
  const sessions: SessionReport[] = []
  for (const url of listing.serverUrls) sessions.push(await report(url, app))
  const unreadable = listing.unreadable.map(({ code, message }) => ({ code, message }))
  const { home, key } = app
  return {
    exitCode: exitCodes.done,
    document: {
      home: home.folder,
      key: { kind: key.kind, source: key.source },
      sessions,
      unreadable,
      pendingRevocations,
    },
    text: [
      `Store: ${home.storeFolder}, encrypted with the key in ${key.source}`,
      ...sessions.map((session) => `\n${describe(session, Date.now() / 1000)}`),
      ...(sessions.length === 0 ? ['\nNo stored sign-in. Run: evergrant login <mcp-url>'] : []),
      ...unreadable.map(({ message }) => `\n${message}`),
      ...(pendingRevocations === 0 ? [] : [`\nRevocations pending: ${pendingRevocations}`]),
    ].join('\n'),
  }
}

async function report(url: string, app: App): Promise<SessionReport> {
  const session = app.session(url)
  try {
    return reportOf(await session.status())
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.code !== 'RECORD_UNREADABLE') throw error
    return { serverUrl: session.serverUrl, state: 'unreadable', problem: error.message }
  }
}

function reportOf(found: SessionStatus): SessionReport {
  const { partition: _partition, identity, hasRefreshToken, ...shown } = found
  if (identity === undefined) return shown
  const { issuer, clientId } = identity
  const canRefresh = found.state === 'active' && hasRefreshToken === true
  return { ...shown, issuer, clientId, canRefresh }
}

const states: Readonly<Record<SessionReport['state'], string>> = {
  active: 'signed in',
  'needs-reauth': 'needs-reauth: sign in again',
  'signed-out': 'signed out',
  'never-signed-in': 'never signed in',
  unreadable: 'unreadable',
}

const endings = {
  refused: 'the authorization server ended the grant: it expired or was revoked',
  'lost-response':
    'the response to a refresh was lost, and the server does not accept a superseded token',
  'registration-ended': 'the authorization server no longer accepts this client registration',
} as const

function describe(session: SessionReport, nowEpochSeconds: number): string {
  const { accessTokenExpiresAtEpochSeconds: expiry, ended, refusal, assumptions = [] } = session
  const rows: (readonly [string, string | undefined])[] = [
    ['state', states[session.state]],
    ['problem', session.problem],
    [
      'why',
      ended && `${endings[ended.reason]}, ${formatMoment(ended.atEpochSeconds, nowEpochSeconds)}`,
    ],
    ['server said', ended?.detail],
    [
      'refused',
      refusal && `${refusal.detail} (${formatMoment(refusal.atEpochSeconds, nowEpochSeconds)})`,
    ],
    ['issuer', session.issuer],
    ['client', session.clientId],
    ['scope', session.scope],
    ['access token', expiry === undefined ? undefined : describeExpiry(expiry, nowEpochSeconds)],
    ['refresh', session.state === 'active' ? describeRefresh(session) : undefined],
    ['refresh token', describeGrantExpiry(session.refreshTokenExpiry, nowEpochSeconds)],
    ['authorization', describeGrantExpiry(session.authorizationExpiry, nowEpochSeconds)],
    ...assumptions.map(({ message }) => ['assumed', message] as const),
  ]
  const lines = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name.padEnd(14)}${value}`],
  )
  return [session.serverUrl, ...lines].join('\n')
}

/** When the user must sign in again, if the server announced it. */
function describeGrantExpiry(
  expiry: SessionStatus['authorizationExpiry'],
  nowEpochSeconds: number,
): string | undefined {
  if (expiry === undefined) return undefined
  const { atEpochSeconds, source, isFixed } = expiry
  const extension = isFixed ? '' : '; a refresh may extend it'
  return `${describeExpiry(atEpochSeconds, nowEpochSeconds)}, as ${source} says${extension}`
}

function describeExpiry(expiry: number, nowEpochSeconds: number): string {
  const verb = expiry > nowEpochSeconds ? 'expires' : 'expired'
  return `${verb} ${formatMoment(expiry, nowEpochSeconds)}`
}

function describeRefresh({
  canRefresh,
  refreshPending,
  noRefreshTokenReason,
}: SessionReport): string {
  if (canRefresh !== true) return noRefreshTokenReason ?? 'no refresh token'
  return refreshPending === true
    ? 'in progress, or without a usable answer so far: the next call completes it'
    : 'automatic, without a sign-in'
}
