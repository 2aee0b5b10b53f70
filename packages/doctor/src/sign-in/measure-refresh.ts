import { offlineAccess, readScope, uniteScopes } from '@evergrant/core'
import type { MeasuredTime, Measurement } from '../observations/measurement.ts'
import type { GrantUnderTest, WaitOptions } from './grant-under-test.ts'
import { pollMilliseconds, refreshGrant, ruleParameters } from './grant-under-test.ts'

/**
 * Measures how refreshes work: rotation, overlap, and the effect of `resource` and `scope`. It never
 * presents a superseded token.
 */
export async function measureRefresh(
  grant: GrantUnderTest,
  options: WaitOptions,
): Promise<NonNullable<Measurement['refresh']>> {
  const withResource = await refreshGrant(grant, ruleParameters(grant), 'refresh with resource')
  const rotation = await measureRotation(grant, options)
  const plain = await refreshGrant(grant, {}, 'refresh without parameters')
  const granted = grantedScope(grant)
  const withScope = await refreshGrant(
    grant,
    { ...ruleParameters(grant), ...(granted.length === 0 ? {} : { scope: granted.join(' ') }) },
    'refresh with the granted scope',
  )
  const narrowing = await measureNarrowing(grant, granted)
  return {
    ...rotation,
    withResource: withResource.trial,
    plain: plain.trial,
    withScope: withScope.trial,
    ...narrowing,
  }
}

/** What was granted, with `offline_access` if it was requested: servers often do not echo it. */
function grantedScope({ first, requestedScope }: GrantUnderTest): readonly string[] {
  const requested = readScope(requestedScope).tokens
  const granted = readScope(first.scope ?? requestedScope).tokens
  return requested.includes(offlineAccess) ? uniteScopes(granted, [offlineAccess]) : granted
}

/** Refreshes until a new token comes, because some servers keep a token for its first seconds. */
async function measureRotation(
  grant: GrantUnderTest,
  { clock, signal, maximumWaitSeconds }: WaitOptions,
): Promise<Pick<NonNullable<Measurement['refresh']>, 'rotation' | 'overlap'>> {
  const issuedAt =
    grant.refreshToken === grant.first.refresh_token
      ? grant.issuedAtEpochSeconds
      : clock.nowEpochSeconds()
  let keptSeconds = 0
  for (;;) {
    const { trial } = await refreshGrant(
      grant,
      ruleParameters(grant),
      'refresh until a new token comes',
    )
    const elapsedSeconds = clock.nowEpochSeconds() - issuedAt
    if (trial.outcome !== 'tokens') return { rotation: 'unknown' }
    if (trial.refreshToken === 'none') return { rotation: 'no-token' }
    if (trial.refreshToken === 'new')
      return { rotation: 'rotates', overlap: time(keptSeconds, false) }
    keptSeconds = elapsedSeconds
    if (elapsedSeconds >= maximumWaitSeconds) {
      return { rotation: 'same-token', overlap: time(keptSeconds, true) }
    }
    await clock.sleep(pollMilliseconds, signal)
  }
}

function time(seconds: number, isAtLeast: boolean): MeasuredTime {
  return { seconds: Math.round(seconds * 10) / 10, isAtLeast }
}

async function measureNarrowing(
  grant: GrantUnderTest,
  granted: readonly string[],
): Promise<Pick<NonNullable<Measurement['refresh']>, 'narrowed' | 'afterNarrowing'>> {
  const own = granted.filter((scope) => scope !== offlineAccess)
  const [first] = own
  if (first === undefined || own.length < 2) return {}
  const kept = granted.includes(offlineAccess) ? [first, offlineAccess] : [first]
  const narrowed = await refreshGrant(
    grant,
    { ...ruleParameters(grant), scope: kept.join(' ') },
    'refresh with a part of the scope',
  )
  if (narrowed.trial.outcome !== 'tokens') return { narrowed: narrowed.trial }
  const after = await refreshGrant(grant, ruleParameters(grant), 'refresh after the narrowed one')
  return { narrowed: narrowed.trial, afterNarrowing: after.trial }
}
