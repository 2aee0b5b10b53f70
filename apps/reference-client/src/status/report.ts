import type { SessionStatus } from '@evergrant/client'
import { EvergrantClientError } from '@evergrant/client'
import type { App } from '../connection/app.ts'

/** One sign-in, as `evergrant status` shows it. Contains no secret. */
export interface SessionReport {
  readonly serverUrl: string
  readonly profile: string
  readonly state: SessionStatus['state'] | 'unreadable'
  readonly issuer?: string
  readonly clientId?: string
  readonly scope?: string
  readonly accessTokenExpiresAtEpochSeconds?: number
  /** When the tokens were issued, by a sign-in or the last successful refresh. */
  readonly tokensIssuedAtEpochSeconds?: number
  /** From when on a call refreshes the access token. */
  readonly refreshDueAtEpochSeconds?: number
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

/** Reads the state of one sign-in. */
export async function reportOn(url: string, profile: string, app: App): Promise<SessionReport> {
  const session = app.session(url, { profile })
  try {
    return reportOf(await session.status())
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.code !== 'RECORD_UNREADABLE') throw error
    return { serverUrl: session.serverUrl, profile, state: 'unreadable', problem: error.message }
  }
}

function reportOf(found: SessionStatus): SessionReport {
  const { partition: profile, identity, hasRefreshToken, ...rest } = found
  const shown = { ...rest, profile }
  if (identity === undefined) return shown
  const { issuer, clientId } = identity
  const canRefresh = found.state === 'active' && hasRefreshToken === true
  return { ...shown, issuer, clientId, canRefresh }
}

/** Whether the next call would need a sign-in. */
export function needsSignIn(
  { state, canRefresh, accessTokenExpiresAtEpochSeconds: expiry }: SessionReport,
  nowEpochSeconds: number,
): boolean {
  if (state !== 'active') return true
  return canRefresh !== true && expiry !== undefined && expiry <= nowEpochSeconds
}
