import type { Clock } from '../lib/clock.ts'
import { base64url } from '../lib/base64url.ts'

/** The nonces that this resource accepts in proofs. They are computed, not stored. */
export interface Nonces {
  current(): Promise<string>
  /** Whether a nonce is the current one or the one before. */
  accepts(nonce: string): Promise<boolean>
  /** Makes all nonces invalid that were sent until now. */
  replaceAll(): void
}

const intervalSeconds = 300

/**
 * Computes the nonce of each five minutes from a secret, so that all processes with the secret accept it.
 *
 * @see RFC 9449 §8, §9
 */
export function createNonces(clock: Clock, secret: Uint8Array): Nonces {
  const computed = new Map<string, Promise<string>>()
  let key: ReturnType<typeof crypto.subtle.importKey> | undefined
  let generation = 0

  async function compute(name: string): Promise<string> {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    key ??= crypto.subtle.importKey('raw', Uint8Array.from(secret), algorithm, false, ['sign'])
    const mac = await crypto.subtle.sign('HMAC', await key, new TextEncoder().encode(name))
    return base64url(new Uint8Array(mac))
  }

  function nonceOf(interval: number): Promise<string> {
    const name = `${interval}.${generation}`
    const known = computed.get(name)
    if (known !== undefined) return known
    // Two are in use.
    if (computed.size > 4) computed.clear()
    const nonce = compute(name)
    computed.set(name, nonce)
    return nonce
  }

  const interval = (): number => Math.floor(clock.nowEpochSeconds() / intervalSeconds)
  return {
    current: () => nonceOf(interval()),
    async accepts(nonce) {
      const now = interval()
      const accepted = await Promise.all([nonceOf(now), nonceOf(now - 1)])
      // A nonce is public: every client gets the same one.
      return accepted.includes(nonce)
    },
    replaceAll() {
      generation += 1
    },
  }
}
