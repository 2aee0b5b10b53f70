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
 * Tokens that exist in this process and nowhere else, with the lock of their refresh.
 *
 * The lock stays held: whoever got it would find the journal of a refresh without a result and
 * present the spent refresh token again, which ends the grant at a server without grace.
 */
export interface UnsavedTokens {
  /** The grant with these tokens. */
  readonly grant: Grant
  /** Why the last attempt to save failed. */
  readonly cause: EvergrantClientError
  /**
   * Tries to save once more; callers at one moment share the attempt. Any outcome but `unsaved`
   * gives the lock back.
   */
  save(): Promise<SaveOutcome>
  /**
   * Tries again and again while the lock is held: until something else than `unsaved` comes of it,
   * or the lock is gone, by {@link abandon}, by the store's closing or by the limit.
   */
  keepTrying(): Promise<SaveOutcome | undefined>
  /** Gives the lock back and the tokens up: what is stored has become newer. */
  abandon(): Promise<void>
}

/**
 * How long others are kept from refreshing. A store that nobody could write for so long may be
 * unwritable for this process only, and another one may do better.
 */
const longestHoldSeconds = 600
const pauseMilliseconds = 1000

/**
 * Holds on to tokens until they are saved. `lock` is taken over from the refresh; `settled` is
 * told, once, what came of it in the end, unless they are given up.
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
      // Counted as well, so that a clock that stands still ends it too.
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
