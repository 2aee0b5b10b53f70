import type { TokenSet } from '@evergrant/core'
import { decideRefresh } from '@evergrant/core'
import type { Grant } from '../grant/grant.ts'
import type { Clock } from '../lib/clock.ts'
import type { CurrentGrant } from './current-grant.ts'
import type { SessionStatus } from './session-api.ts'
import type { SessionContext } from './session-context.ts'

/** Reads the state of a session from the store. */
export async function sessionStatus(
  { serverUrl, partition, clock, refresh }: SessionContext,
  grants: CurrentGrant,
): Promise<SessionStatus> {
  const current = await grants.load()
  const grant = await current?.manager.read()
  const about = { serverUrl, partition }
  if (current === undefined || grant === undefined) return { ...about, state: 'never-signed-in' }
  const { tokenSet, ended, refusal } = grant
  const { noRefreshTokenReason, assumptions } = current.binding
  return {
    ...about,
    state: isUsedUp(grant, clock) ? 'needs-reauth' : grant.state,
    identity: grant.identity,
    ...(tokenSet?.scope === undefined ? {} : { scope: tokenSet.scope }),
    ...(tokenSet === undefined ? {} : { hasRefreshToken: tokenSet.refreshToken !== undefined }),
    ...(tokenSet?.expiresAtEpochSeconds === undefined
      ? {}
      : { accessTokenExpiresAtEpochSeconds: tokenSet.expiresAtEpochSeconds }),
    ...(tokenSet === undefined
      ? {}
      : { tokensIssuedAtEpochSeconds: tokenSet.issuedAtEpochSeconds }),
    ...refreshDueOf(tokenSet, clock, refresh),
    ...expiriesOf(tokenSet),
    refreshPending: grant.pending !== undefined,
    ...(ended === undefined ? {} : { ended }),
    ...(refusal === undefined ? {} : { refusal }),
    ...(noRefreshTokenReason === undefined ? {} : { noRefreshTokenReason }),
    ...(assumptions === undefined ? {} : { assumptions }),
  }
}

function refreshDueOf(
  tokenSet: TokenSet | undefined,
  clock: Clock,
  refresh: SessionContext['refresh'],
): Pick<SessionStatus, 'refreshDueAtEpochSeconds'> {
  if (tokenSet === undefined) return {}
  const { refreshDueAtEpochSeconds: due } = decideRefresh(
    tokenSet,
    clock.nowEpochSeconds(),
    refresh?.timing,
  )
  return due === undefined ? {} : { refreshDueAtEpochSeconds: due }
}

function expiriesOf(
  tokenSet: TokenSet | undefined,
): Pick<SessionStatus, 'refreshTokenExpiry' | 'authorizationExpiry'> {
  const { refreshTokenExpiry, authorizationExpiry } = tokenSet ?? {}
  return {
    ...(refreshTokenExpiry === undefined ? {} : { refreshTokenExpiry }),
    ...(authorizationExpiry === undefined ? {} : { authorizationExpiry }),
  }
}

/** Whether the access token has expired and its refresh was refused. */
function isUsedUp({ state, refusal, tokenSet }: Grant, clock: Clock): boolean {
  const expiresAt = tokenSet?.expiresAtEpochSeconds
  return (
    state === 'active' &&
    refusal !== undefined &&
    expiresAt !== undefined &&
    expiresAt <= clock.nowEpochSeconds()
  )
}
