import type { MeasuredTime, RevocationFacts } from '../observations/measurement.ts'
import type { GrantUnderTest, WaitOptions } from './grant-under-test.ts'
import { pollMilliseconds, refreshGrant, ruleParameters } from './grant-under-test.ts'

/** How long to wait for a revocation to take effect. */
const revocationWaitSeconds = 5

/** Asks the MCP server whether it accepts a token. Returns the status. */
export type TryToken = (accessToken: string) => Promise<number | undefined>

/** Revokes the grant, and measures when its tokens stop working. */
export async function measureRevocation(
  grant: GrantUnderTest,
  tryToken: TryToken,
  { clock, signal }: WaitOptions,
): Promise<RevocationFacts> {
  const { revocationEndpoint, refreshToken, accessToken, client } = grant
  if (revocationEndpoint === undefined) return { outcome: 'not-offered' }
  const status = await client.revoke(
    revocationEndpoint,
    refreshToken ?? accessToken,
    refreshToken === undefined ? 'access_token' : 'refresh_token',
  )
  if (status === undefined || status >= 400) {
    return { outcome: 'refused', ...(status === undefined ? {} : { status }) }
  }
  const startedAt = clock.nowEpochSeconds()
  let refresh: Pick<RevocationFacts, 'deadToken' | 'refreshTokenLatency'> = {}
  if (refreshToken !== undefined) {
    const { trial } = await refreshGrant(grant, ruleParameters(grant), 'present a revoked token')
    if (trial.outcome === 'tokens') return { outcome: 'ineffective', status }
    if (trial.outcome === 'refused') {
      refresh = {
        deadToken: trial,
        refreshTokenLatency: elapsed(clock.nowEpochSeconds() - startedAt, false),
      }
    }
  }
  grant.hasEnded = true
  const accessTokenLatency = await untilRefused()
  return {
    outcome: 'revoked',
    status,
    ...refresh,
    ...(accessTokenLatency === undefined ? {} : { accessTokenLatency }),
  }

  async function untilRefused(): Promise<MeasuredTime | undefined> {
    for (;;) {
      const answered = await tryToken(accessToken)
      const seconds = clock.nowEpochSeconds() - startedAt
      if (answered === undefined) return undefined
      if (answered === 401) return elapsed(seconds, false)
      if (seconds >= revocationWaitSeconds) return elapsed(seconds, true)
      await clock.sleep(pollMilliseconds, signal)
    }
  }
}

function elapsed(seconds: number, isAtLeast: boolean): MeasuredTime {
  return { seconds: Math.round(seconds * 10) / 10, isAtLeast }
}
