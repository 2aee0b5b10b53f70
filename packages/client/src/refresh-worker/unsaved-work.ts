import type { UnsavedTokens } from '../grant/unsaved-tokens.ts'
import type { Clock } from '../lib/clock.ts'

const pauseMilliseconds = 1000
/** How long tokens are kept that cannot be saved. */
const maximumAttempts = 600

/** Tokens that were obtained and could not be saved yet. They exist only in this process. */
export interface UnsavedWork {
  /** Tries to save tokens again until they are saved, even if their lock is lost in the meantime. */
  keep(tokens: UnsavedTokens): void
  /** Tries one last time, and gives up what cannot be saved. */
  saveBeforeStop(): Promise<void>
}

export function unsavedWork(clock: Clock): UnsavedWork {
  const kept = new Set<UnsavedTokens>()

  /** @returns Whether the tokens are settled. */
  async function save(tokens: UnsavedTokens): Promise<boolean> {
    const outcome = await tokens.save()
    if (outcome.kind !== 'unsaved') kept.delete(tokens)
    return outcome.kind !== 'unsaved'
  }

  async function keepSaving(tokens: UnsavedTokens): Promise<void> {
    for (let attempt = 0; attempt < maximumAttempts && kept.has(tokens); attempt += 1) {
      await clock.sleep(pauseMilliseconds)
      if (kept.has(tokens) && (await save(tokens))) return
    }
    kept.delete(tokens)
    await tokens.abandon()
  }

  return {
    keep(tokens) {
      kept.add(tokens)
      // The record is damaged now, and was set aside. Nothing can be saved.
      keepSaving(tokens).catch(() => kept.delete(tokens))
    },
    async saveBeforeStop() {
      await Promise.all(
        Array.from(kept, async (tokens) => {
          const settled = await save(tokens).catch(() => false)
          kept.delete(tokens)
          if (!settled) await tokens.abandon()
        }),
      )
    },
  }
}
