import { randomUUID } from 'node:crypto'
import type { HeldLock, LockOptions, LockOutcome } from '../store.ts'
import type { Moment } from '../locking/bounded.ts'
import { millisecondsSince, thisMoment } from '../locking/bounded.ts'
import type { LockAttempt } from '../locking/poll-for-lock.ts'
import { pollForLock } from '../locking/poll-for-lock.ts'

/** Runs a script on one key's server. */
export type RunScript = (
  script: string,
  keys: readonly string[],
  values: readonly string[],
  late?: (reply: unknown) => void,
) => Promise<unknown>

/** Leases over one Redis. */
export interface LeaseLocks {
  lock(key: string, options?: LockOptions): Promise<LockOutcome>
  releaseAll(): Promise<void>
}

const acquireScript = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0`

/** Only its owner prolongs a lease, or ends it: by now it may be somebody else's. */
const renewScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

const releaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/** The holder gives up this share of a lease early: its clock and Redis's are two. */
const safetyShare = 0.1

/**
 * Locks as leases: a key with the holder's own random value, which runs out unless it is renewed.
 *
 * A lease cannot promise that two never hold it: a holder that was suspended may not know yet that
 * its time is over. What fences its writes is the generation of the record. Whoever held the lock
 * in between has raised it, and a write that expects the old one changes nothing.
 */
export function leaseLocks(run: RunScript, leaseMilliseconds: number): LeaseLocks {
  const held = new Set<HeldLock>()

  async function attempt(key: string): Promise<LockAttempt> {
    const holder = randomUUID()
    const asked = thisMoment()
    function giveBack(): void {
      run(releaseScript, [key], [holder]).catch(() => undefined)
    }
    try {
      const values = [holder, String(leaseMilliseconds)]
      const taken = await run(acquireScript, [key], values, giveBack)
      return Number(taken) === 1
        ? { outcome: 'acquired', lock: heldFrom(asked, key, holder) }
        : { outcome: 'busy' }
    } catch (cause) {
      return { outcome: 'unavailable', reason: 'Redis failed to lock', cause }
    }
  }

  function heldFrom(asked: Moment, key: string, holder: string): HeldLock {
    // Counted from before the request: when it arrived there is not known.
    let confirmed = asked
    let over = false
    let given: Promise<void> | undefined
    async function renew(): Promise<void> {
      const sent = thisMoment()
      const reply = await run(renewScript, [key], [holder, String(leaseMilliseconds)])
      if (Number(reply) === 1) confirmed = sent
      else over = true
    }
    const renewal = setInterval(() => {
      // Redis may be back before the lease runs out; the next renewal tells.
      renew().catch(() => undefined)
    }, leaseMilliseconds / 3)
    // A lease is no reason to keep a process alive; it runs out by itself.
    renewal.unref()
    const lock: HeldLock = {
      isHeld: () =>
        given === undefined &&
        !over &&
        millisecondsSince(confirmed) < leaseMilliseconds * (1 - safetyShare),
      async release() {
        given ??= giveBack()
        await given
      },
    }
    async function giveBack(): Promise<void> {
      clearInterval(renewal)
      held.delete(lock)
      await run(releaseScript, [key], [holder]).catch(() => undefined)
    }
    held.add(lock)
    return lock
  }

  return {
    lock: (key, options) => pollForLock(() => attempt(key), options),
    async releaseAll() {
      await Promise.all(Array.from(held, (lock) => lock.release()))
    },
  }
}
