import type { Clock } from '../lib/clock.ts'
import type { ReplayStore } from './options.ts'

/** The used proofs of one process. */
export interface ReplayMemory extends ReplayStore {
  use(proof: string, untilEpochSeconds: number): 'first-use' | 'replayed' | 'full'
  /** Forgets all proofs. Correct only if none of them is accepted any more. */
  clear(): void
}

/** Remembers proofs until they expire. Proofs expire in the order in which they were used. */
export function replayMemory(clock: Clock, maximumProofs: number): ReplayMemory {
  const expiries = new Map<string, number>()

  function forgetExpired(): void {
    const now = clock.nowEpochSeconds()
    for (const [proof, untilEpochSeconds] of expiries) {
      if (untilEpochSeconds > now) return
      expiries.delete(proof)
    }
  }

  return {
    use(proof, untilEpochSeconds) {
      forgetExpired()
      if (expiries.has(proof)) return 'replayed'
      if (expiries.size >= maximumProofs) return 'full'
      expiries.set(proof, untilEpochSeconds)
      return 'first-use'
    },
    clear: () => expiries.clear(),
  }
}
