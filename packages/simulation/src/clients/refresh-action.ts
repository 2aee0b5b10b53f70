import { decideRefresh } from '@evergrant/core'
import type { Tokens } from '../server/authorization-server.ts'

/** What `decideRefresh` does with stored tokens. It looks only at whether there is a refresh token. */
export function refreshAction(
  { refreshToken, ...times }: Tokens,
  nowEpochSeconds: number,
): ReturnType<typeof decideRefresh>['action'] {
  const stored = { ...times, refreshToken: refreshToken === undefined ? undefined : 'stored' }
  return decideRefresh(stored, nowEpochSeconds).action
}
