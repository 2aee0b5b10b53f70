import type { SessionStatus } from '@evergrant/client'
import { formatMoment } from '../output/time.ts'
import type { SessionReport } from './report.ts'

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

/** A sign-in with everything that is known about it, one line each. */
export function describeSession(session: SessionReport, nowEpochSeconds: number): string {
  const { accessTokenExpiresAtEpochSeconds: expiry, ended, refusal, assumptions = [] } = session
  const rows: (readonly [string, string | undefined])[] = [
    ['state', states[session.state]],
    ['profile', session.profile === 'default' ? undefined : session.profile],
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
    ['next refresh', describeNextRefresh(session, nowEpochSeconds)],
    ['last outcome', describeOutcome(session, nowEpochSeconds)],
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

/** When a call will refresh the access token. Without a call, nothing is refreshed. */
export function describeNextRefresh(
  { canRefresh, refreshDueAtEpochSeconds: due }: SessionReport,
  nowEpochSeconds: number,
): string | undefined {
  if (canRefresh !== true || due === undefined) return undefined
  return due <= nowEpochSeconds ? 'with the next call' : formatMoment(due, nowEpochSeconds)
}

/** What the authorization server last did for this sign-in. */
export function describeOutcome(
  session: SessionReport,
  nowEpochSeconds: number,
): string | undefined {
  const { ended, refusal, refreshPending, tokensIssuedAtEpochSeconds: issued } = session
  const ago = (at: number): string => formatMoment(at, nowEpochSeconds)
  if (ended !== undefined) return `grant ended ${ago(ended.atEpochSeconds)}`
  if (refusal !== undefined) return `refresh refused ${ago(refusal.atEpochSeconds)}`
  if (refreshPending === true) return 'refresh without an answer'
  return issued === undefined ? undefined : `tokens issued ${ago(issued)}`
}
