import type { SaveOutcome } from './save-token-set.ts'
import type { TokenMemory } from './token-memory.ts'
import type { UnsavedTokens } from './unsaved-tokens.ts'

/** How often unsaved tokens are saved again before the process may exit. */
const lastAttempts = 3

/**
 * The tokens of this process that could not be saved yet, if any. No caller receives them before
 * they are saved (C-52).
 */
export interface UnsavedInMemory {
  readonly tokens: UnsavedTokens | undefined
  /** Holds tokens, and saves them in the background: no further call may come before the lock is lost. */
  hold(tokens: UnsavedTokens): void
  /** Tries to save what is held. */
  save(): Promise<void>
  /** Tries a few times to save what is held, before the process exits and its lock with it. */
  saveBeforeExit(): Promise<void>
  /** Stops holding the tokens and returns them. */
  release(): UnsavedTokens | undefined
}

/** Holds no tokens at first. What is saved goes to `memory`. */
export function unsavedInMemory(memory: TokenMemory): UnsavedInMemory {
  let held: UnsavedTokens | undefined

  function settle(tokens: UnsavedTokens, outcome: SaveOutcome): void {
    if (held !== tokens || outcome.kind === 'unsaved') return
    held = undefined
    memory.remember(outcome.kind === 'signed-out' ? undefined : outcome.stored)
  }

  /** @returns Whether tokens are still unsaved. */
  async function save(): Promise<boolean> {
    if (held !== undefined) settle(held, await held.save())
    return held !== undefined
  }

  return {
    get tokens() {
      return held
    },
    hold(tokens) {
      if (held === tokens) return
      held = tokens
      tokens
        .keepTrying()
        .then((outcome) => outcome && settle(tokens, outcome))
        // The next caller meets a damaged record, too.
        .catch(() => undefined)
    },
    async save() {
      await save()
    },
    async saveBeforeExit() {
      for (let attempt = 1; attempt <= lastAttempts; attempt += 1) {
        if (!(await save())) return
      }
    },
    release() {
      const tokens = held
      held = undefined
      return tokens
    },
  }
}
