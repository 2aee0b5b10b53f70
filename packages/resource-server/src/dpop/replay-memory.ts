import type { Clock } from '../lib/clock.ts'
import type { ReplayStore } from './options.ts'

/** The used proofs of one process. */
export interface ReplayMemory extends ReplayStore {
  use(proof: string, untilEpochSeconds: number): 'first-use' | 'replayed' | 'full'
  /** Forgets all proofs. Correct only if none of them is accepted any more. */
  clear(): void
}

/** A smaller step is no reason for a nonce. */
const clockStepSeconds = 1

/**
 * Remembers proofs until they expire, about in the order in which they were used. After the clock was
 * set back, forgotten proofs may be valid again, so the memory says that it is full.
 */
export function replayMemory(clock: Clock, maximumProofs: number): ReplayMemory {
  const expiries = new Map<string, number>()
  let newest = -Infinity

  function forgetExpired(now: number): void {
    for (const [proof, untilEpochSeconds] of expiries) {
      if (untilEpochSeconds > now) return
      expiries.delete(proof)
    }
  }

  return {
    use(proof, untilEpochSeconds) {
      const now = clock.nowEpochSeconds()
      const isSetBack = now < newest - clockStepSeconds
      newest = isSetBack ? now : Math.max(newest, now)
      if (isSetBack) return 'full'
      forgetExpired(now)
      if (expiries.has(proof)) return 'replayed'
      if (expiries.size >= maximumProofs) return 'full'
      expiries.set(proof, untilEpochSeconds)
      return 'first-use'
    },
    clear: () => expiries.clear(),
  }
}
