import type { ReuseFacts } from '../observations/measurement.ts'
import type { GrantUnderTest, WaitOptions } from './grant-under-test.ts'
import { pollMilliseconds, refreshGrant, ruleParameters } from './grant-under-test.ts'

/**
 * Presents a superseded refresh token again and again, as a client does that never got the response,
 * until the server refuses it. Then it looks whether the newest token still works. This may end the
 * grant, so the grant must have been made for it. Returns `undefined` if tokens do not rotate.
 */
export async function measureReuse(
  grant: GrantUnderTest,
  { clock, signal, maximumWaitSeconds }: WaitOptions,
): Promise<ReuseFacts | undefined> {
  const superseded = await supersede(grant, { clock, signal, maximumWaitSeconds })
  if (superseded === undefined) return undefined
  const { token, atEpochSeconds } = superseded
  let honoredSeconds = 0
  let withinGrace: ReuseFacts['withinGrace']
  for (;;) {
    const { trial, tokens } = await grant.client.refresh(
      token,
      ruleParameters(grant),
      'present a superseded token',
    )
    const elapsedSeconds = clock.nowEpochSeconds() - atEpochSeconds
    if (trial.outcome === 'refused') break
    if (trial.outcome === 'tokens') {
      honoredSeconds = elapsedSeconds
      const next = tokens?.refresh_token
      withinGrace ??=
        next === undefined
          ? 'no-token'
          : next === grant.refreshToken
            ? 'same-successor'
            : 'another-token'
      // It may have replaced the successor.
      if (next !== undefined && next !== token) grant.refreshToken = next
      if (next === token) withinGrace = 'no-token'
    }
    if (elapsedSeconds >= maximumWaitSeconds) {
      return {
        grace: { seconds: rounded(honoredSeconds), isAtLeast: true },
        ...(withinGrace === undefined ? {} : { withinGrace }),
      }
    }
    await clock.sleep(pollMilliseconds, signal)
  }
  const newest = await refreshGrant(grant, ruleParameters(grant), 'refresh with the newest token')
  const { outcome } = newest.trial
  grant.hasEnded = outcome === 'refused'
  return {
    grace: { seconds: rounded(honoredSeconds), isAtLeast: false },
    ...(withinGrace === undefined ? {} : { withinGrace }),
    ...(outcome === 'no-answer'
      ? {}
      : { afterGrace: outcome === 'tokens' ? 'refused' : 'grant-ended' }),
  }
}

/** Refreshes until the token is replaced. */
async function supersede(
  grant: GrantUnderTest,
  { clock, signal, maximumWaitSeconds }: WaitOptions,
): Promise<{ readonly token: string; readonly atEpochSeconds: number } | undefined> {
  const startedAt = clock.nowEpochSeconds()
  for (;;) {
    const token = grant.refreshToken
    const { trial } = await refreshGrant(
      grant,
      ruleParameters(grant),
      'refresh to supersede a token',
    )
    const atEpochSeconds = clock.nowEpochSeconds()
    if (token === undefined || trial.outcome !== 'tokens' || trial.refreshToken === 'none') {
      return undefined
    }
    if (trial.refreshToken === 'new') return { token, atEpochSeconds }
    if (atEpochSeconds - startedAt >= maximumWaitSeconds) return undefined
    await clock.sleep(pollMilliseconds, signal)
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
