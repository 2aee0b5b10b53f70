import type { JWKS } from 'oidc-provider'
import { clippedMessage } from '../telemetry/log.ts'
import type { Log } from '../telemetry/log.ts'
import { loadSigningKeys, signingKeysAt } from './signing-keys.ts'
import type { SecretStore } from '../store/store.ts'

/** What {@link watchSigningKeys} needs. */
export interface SigningKeyWatchOptions {
  readonly everySeconds: number
  readonly log: Log
  readonly onChange: (keys: JWKS) => void
}

/** Looks for keys that were rotated elsewhere, and for those whose time to sign or to go has come. */
export function watchSigningKeys(
  secrets: SecretStore,
  current: JWKS,
  { everySeconds, log, onChange }: SigningKeyWatchOptions,
): { stop(): Promise<void> } {
  let seen = identity(current)
  let checking = Promise.resolve()

  async function check(): Promise<void> {
    try {
      const keys = signingKeysAt(await loadSigningKeys(secrets), now())
      if (identity(keys) === seen) return
      onChange(keys)
      seen = identity(keys)
      log({
        level: 'info',
        event: 'signing_keys.changed',
        signing: keys.keys[0]?.kid,
        published: keys.keys.length,
      })
    } catch (error) {
      // The keys at hand go on: whether the store can be used is for requests to find out.
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

function identity({ keys }: JWKS): string {
  return keys.map(({ kid }) => kid).join(' ')
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}
