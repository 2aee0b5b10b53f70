import { base64url } from 'jose'
import type { Clock } from '../lib/clock.ts'

/** The nonces that this resource accepts in proofs. They are computed, not stored. */
export interface Nonces {
  /** A nonce that is accepted, the same one for some time. */
  current(): Promise<string>
  /** When a nonce was made, in epoch seconds. `undefined` if it is not from this resource, or too old. */
  madeAt(nonce: string): Promise<number | undefined>
  /** Whether a nonce of that time is accepted. */
  accepts(madeAtEpochSeconds: number): boolean
  /** Whether the client needs a newer nonce soon. */
  isOld(madeAtEpochSeconds: number): boolean
  /** Makes all nonces invalid that were made until now, by this process or another. */
  refuseUntilNow(): void
}

const intervalSeconds = 300
/** The clocks of two processes may differ by this. */
const toleranceSeconds = 60
/** Digits of the time to the base 36. */
const timeLength = 7
/** Characters of the MAC, 216 bits. */
const macLength = 36
const nonceText = /^[\da-z]{7}[\w-]{36}$/
const maximumComputed = 64

/**
 * Makes nonces of the time and its MAC, so that all processes with the secret accept them, and each process
 * can refuse those that were made before a certain time.
 *
 * @see RFC 9449 §8, §9
 */
export function createNonces(clock: Clock, secret: Uint8Array): Nonces {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  // A copy, because the caller may overwrite its secret.
  const secretCopy = Uint8Array.from(secret)
  let key: ReturnType<typeof crypto.subtle.importKey> | undefined
  const computed = new Map<number, Promise<string>>()
  let lastMadeAt = -Infinity
  let refusedUntil = -Infinity

  const now = (): number => Math.floor(clock.nowEpochSeconds())

  async function compute(madeAt: number): Promise<string> {
    key ??= crypto.subtle.importKey('raw', secretCopy, algorithm, false, ['sign'])
    const time = madeAt.toString(36).padStart(timeLength, '0')
    const mac = await crypto.subtle.sign('HMAC', await key, new TextEncoder().encode(time))
    return `${time}${base64url.encode(new Uint8Array(mac)).slice(0, macLength)}`
  }

  function nonceOf(madeAt: number): Promise<string> {
    const known = computed.get(madeAt)
    if (known !== undefined) return known
    // A few are in use: those of the last intervals, by each process.
    if (computed.size >= maximumComputed) computed.clear()
    const nonce = compute(madeAt)
    computed.set(madeAt, nonce)
    return nonce
  }

  function accepts(madeAt: number): boolean {
    // A clock that was set back must not make the own nonces invalid until it is right again.
    refusedUntil = Math.min(refusedUntil, now() + toleranceSeconds - 1)
    const age = now() - madeAt
    return age < 2 * intervalSeconds && age >= -toleranceSeconds && madeAt > refusedUntil
  }

  const isOld = (madeAt: number): boolean => now() - madeAt >= intervalSeconds

  return {
    current() {
      if (!accepts(lastMadeAt) || isOld(lastMadeAt)) lastMadeAt = Math.max(now(), refusedUntil + 1)
      return nonceOf(lastMadeAt)
    },
    async madeAt(nonce) {
      if (!nonceText.test(nonce)) return undefined
      const time = Number.parseInt(nonce.slice(0, timeLength), 36)
      if (!accepts(time)) return undefined
      // A nonce is no secret: every client gets it.
      return (await nonceOf(time)) === nonce ? time : undefined
    },
    accepts,
    isOld,
    refuseUntilNow() {
      refusedUntil = Math.max(now(), lastMadeAt)
    },
  }
}
