import { clippedMessage } from '../telemetry/log.ts'
import type { Log } from '../telemetry/log.ts'
import { nowEpochSeconds } from '../lib/clock.ts'
import { loadSigningKeys, signingKeysAt } from './signing-keys.ts'
import type { SigningKeySet } from './signing-keys.ts'
import type { SecretStore } from '../store/store.ts'

/** What {@link watchSigningKeys} needs. */
export interface SigningKeyWatchOptions {
  readonly everySeconds: number
  readonly log: Log
  /** Called with the keys to use from now on. */
  readonly useKeys: (keys: SigningKeySet) => void
}

/** Looks for keys that another process rotated, and for keys that start signing or expire. */
export function watchSigningKeys(
  secrets: SecretStore,
  current: SigningKeySet,
  { everySeconds, log, useKeys }: SigningKeyWatchOptions,
): { stop(): Promise<void> } {
  let seen = identity(current)
  let checking = Promise.resolve()

  async function check(): Promise<void> {
    try {
      const keys = signingKeysAt(await loadSigningKeys(secrets), nowEpochSeconds())
      if (identity(keys) === seen) return
      useKeys(keys)
      seen = identity(keys)
      log({
        level: 'info',
        event: 'signing_keys.changed',
        signing: keys.keys[0]?.kid,
        published: keys.keys.length,
      })
    } catch (error) {
      // The current keys stay in use. Requests report whether the store works.
      const detail = clippedMessage(error)
      log({ level: 'error', event: 'signing_keys.check_failed', detail })
    }
  }

  const timer = setInterval(() => {
    checking = checking.then(check)
  }, everySeconds * 1000).unref()
  return {
    async stop() {
      clearInterval(timer)
      await checking
    },
  }
}

function identity({ keys }: SigningKeySet): string {
  return keys.map(({ kid }) => kid).join(' ')
}
