import type { CurrentGrant } from './current-grant.ts'
import type { SessionStatus } from './session-api.ts'
import type { SessionContext } from './session-context.ts'

/** Reads the state of a session from the store. */
export async function sessionStatus(
  { serverUrl, partition }: SessionContext,
  grants: CurrentGrant,
): Promise<SessionStatus> {
  const current = await grants.load()
  const grant = await current?.manager.read()
  const about = { serverUrl, partition }
  if (current === undefined || grant === undefined) return { ...about, state: 'never-signed-in' }
  const { tokenSet, ended } = grant
  const { noRefreshTokenReason, assumptions } = current.binding
  return {
    ...about,
    state: grant.state,
    identity: grant.identity,
    ...(tokenSet?.scope === undefined ? {} : { scope: tokenSet.scope }),
    ...(tokenSet === undefined ? {} : { hasRefreshToken: tokenSet.refreshToken !== undefined }),
    ...(tokenSet?.expiresAtEpochSeconds === undefined
      ? {}
      : { accessTokenExpiresAtEpochSeconds: tokenSet.expiresAtEpochSeconds }),
    refreshPending: grant.pending !== undefined,
    ...(ended === undefined ? {} : { ended }),
    ...(noRefreshTokenReason === undefined ? {} : { noRefreshTokenReason }),
    ...(assumptions === undefined ? {} : { assumptions }),
  }
}
