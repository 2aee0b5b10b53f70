import type { EvergrantClientError } from '../lib/errors.ts'
import type { HeldLock } from '../stores/store.ts'
import type { Grant } from './grant.ts'
import type { StoredGrant } from './grant-repository.ts'
import type { SaveContext, SaveOutcome } from './save-token-set.ts'
import { saveTokenSet } from './save-token-set.ts'

/** A token set that was obtained and could not be saved. */
export interface UnsavedTokenSet {
  readonly stored: StoredGrant
  readonly spentRefreshToken: string
  readonly cause: EvergrantClientError
}

/**
 * Tokens that exist only in this process, with the lock of their refresh.
 *
 * The lock stays held. Another process that takes it would find the journal of a refresh without a
 * result and send the spent refresh token again, which ends the grant at a server without grace.
 */
export interface UnsavedTokens {
  /** The grant with these tokens. */
  readonly grant: Grant
  /** Why the last attempt to save failed. */
  readonly cause: EvergrantClientError
  /**
   * Tries to save again. Concurrent callers share one attempt. Every outcome except `unsaved`
   * releases the lock.
   */
  save(): Promise<SaveOutcome>
  /**
   * Tries again while the lock is held, until the outcome is not `unsaved`. Resolves with
   * `undefined` when the lock is lost: after {@link abandon}, after the store was closed, or after
   * the time limit.
   */
  keepTrying(): Promise<SaveOutcome | undefined>
  /** Releases the lock and drops the tokens, because the stored ones are newer. */
  abandon(): Promise<void>
}

/**
 * How long other processes are kept from refreshing. A store that stays unwritable for so long may
 * be unwritable for this process only, and another process may succeed.
 */
const longestHoldSeconds = 600
const pauseMilliseconds = 1000

/**
 * Holds tokens until they are saved.
 *
 * @param lock - The lock of the refresh, which the unsaved tokens take over.
 * @param settled - Receives the final outcome once, unless the tokens are abandoned.
 */
export function holdUnsavedTokens(
  context: SaveContext,
  tokenSet: UnsavedTokenSet,
  lock: HeldLock,
  settled: (outcome: SaveOutcome) => void,
): UnsavedTokens {
  const { clock } = context
  const heldFromEpochSeconds = clock.nowEpochSeconds()
  let current = tokenSet
  let saving: Promise<SaveOutcome> | undefined
  let isSettled = false

  async function attempt(): Promise<SaveOutcome> {
    const outcome = await saveTokenSet(context, current.stored, current.spentRefreshToken)
    if (outcome.kind === 'unsaved') current = outcome
    const heldTooLong = clock.nowEpochSeconds() - heldFromEpochSeconds >= longestHoldSeconds
    if (outcome.kind !== 'unsaved' || heldTooLong) await lock.release()
    if (outcome.kind !== 'unsaved' && !isSettled) {
      isSettled = true
      settled(outcome)
    }
    return outcome
  }

  function save(): Promise<SaveOutcome> {
    saving ??= attempt().finally(() => {
      saving = undefined
    })
    return saving
  }

  return {
    grant: tokenSet.stored.grant,
    get cause() {
      return current.cause
    },
    save,
    async keepTrying() {
      // The count limits the attempts even if the clock stands still.
      for (let left = longestHoldSeconds; left > 0 && lock.isHeld(); left -= 1) {
        await clock.sleep(pauseMilliseconds)
        if (!lock.isHeld()) return undefined
        const outcome = await save()
        if (outcome.kind !== 'unsaved') return outcome
      }
      await lock.release()
      return undefined
    },
    abandon: () => lock.release(),
  }
}
