import { isWithin } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { RefreshReason } from '../lib/events.ts'
import type { AccessToken } from './access-token.ts'
import { accessTokenOf } from './access-token.ts'
import type { StoredGrant } from './grant-repository.ts'
import type { RefreshRequest } from './refresh-context.ts'
import type { ManagedGrant } from './refresh-until-usable.ts'
import { refreshUntilUsable } from './refresh-until-usable.ts'

/** How often, at most, this process repeats a failing refresh in the background. */
const backgroundPauseSeconds = 1

/** The refresh that all callers of a process share: at most one runs at a time. */
export interface SharedRefresh {
  /** Waits for the refresh that is running, or starts one. */
  accessToken(rejectedAccessToken: string | undefined): Promise<AccessToken>
  /** Starts a refresh that no caller waits for, unless one is running or ended a moment ago. */
  startInBackground(reason: RefreshReason): void
  /** Resolves when no refresh is running. */
  whenIdle(): Promise<void>
}

/** A running refresh. A background refresh fails at once instead of waiting. */
interface RunningRefresh {
  readonly result: Promise<StoredGrant>
  readonly inBackground: boolean
}

/** @param maximumWaitSeconds - How long a refresh that callers wait for tries again. */
export function sharedRefresh(grant: ManagedGrant, maximumWaitSeconds: number): SharedRefresh {
  const { memory, unsaved, actionFor } = grant
  const { clock } = grant.context
  let running: RunningRefresh | undefined
  /** When a background refresh last started or ended. */
  let lastBackgroundAtEpochSeconds = Number.NEGATIVE_INFINITY

  function run(request: RefreshRequest, inBackground: boolean): RunningRefresh {
    const wait = inBackground ? 0 : maximumWaitSeconds
    const result = refreshUntilUsable(grant, request, wait).finally(() => {
      running = undefined
      // Without a pause, attempts would follow each other while a suspended process holds the lock.
      if (inBackground) pauseBackground()
      // Another process is refreshing, or crashed during a refresh. The lock shows which.
      if (memory.stored?.grant.pending !== undefined) startInBackground('recovery')
    })
    running = { result, inBackground }
    return running
  }

  function pauseBackground(): void {
    lastBackgroundAtEpochSeconds = clock.nowEpochSeconds()
  }

  function startInBackground(reason: RefreshReason): void {
    const known = memory.stored?.grant
    if (known?.state !== 'active' || known.tokenSet?.refreshToken === undefined) return
    if (running !== undefined || unsaved.tokens !== undefined) return
    if (isWithin(clock, backgroundPauseSeconds, lastBackgroundAtEpochSeconds)) return
    pauseBackground()
    // The current token is still usable. Events report a failure. Callers see it after the expiry.
    run({ reason }, true).result.catch(() => undefined)
  }

  return {
    async accessToken(rejectedAccessToken) {
      const reason = rejectedAccessToken === undefined ? 'expired' : 'rejected'
      // A running refresh may have started before this token was rejected and return the same
      // token, or it may fail at once because it runs in the background. Then run another one.
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const work = running ?? run({ reason, rejectedAccessToken }, false)
        const stored = await (work.inBackground ? work.result.catch(() => undefined) : work.result)
        if (stored === undefined) continue
        const token = accessTokenOf(stored.grant)
        if (token === undefined || token.value === rejectedAccessToken) continue
        if (actionFor(stored.grant) !== 'expired' || attempt > 0) return token
      }
      throw new EvergrantClientError(
        'RESOURCE_REFUSED',
        'The resource rejects the access token, and the authorization server keeps returning the same one. Check that the resource and the authorization server agree on issuer, audience and clock.',
      )
    },
    startInBackground,
    async whenIdle() {
      // One refresh can start another: a recovery starts when the work before it ends.
      for (let work = running; work !== undefined; work = running) {
        await work.result.catch(() => undefined)
      }
    },
  }
}
