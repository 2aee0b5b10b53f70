import { randomUUID } from 'node:crypto'
import type { HeldLock, LockOptions, LockOutcome } from '../store.ts'
import type { Moment } from '../locking/bounded.ts'
import { millisecondsSince, thisMoment } from '../locking/bounded.ts'
import type { LockAttempt } from '../locking/poll-for-lock.ts'
import { pollForLock } from '../locking/poll-for-lock.ts'

/** Runs a script on the server of its keys. */
export type RunScript = (
  script: string,
  keys: readonly string[],
  values: readonly string[],
  late?: (reply: unknown) => void,
) => Promise<unknown>

/** Leases of one Redis. */
export interface LeaseLocks {
  lock(key: string, options?: LockOptions): Promise<LockOutcome>
  releaseAll(): Promise<void>
}

const acquireScript = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0`

/** Only the owner renews or ends a lease: another process may hold it now. */
const renewScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

const releaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/** The share of a lease that the holder does not use, because its clock and that of Redis differ. */
const safetyShare = 0.1

/**
 * Locks as leases: keys with a random value of the holder, which expire unless they are renewed.
 *
 * A lease cannot guarantee a single holder: a holder that was suspended may not know yet that its
 * lease has expired. The generation of the record protects against its writes: the next holder has
 * raised it, and a write that expects an older generation changes nothing.
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
    // The lease counts from before the request, because its arrival time is not known.
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
      // Redis may answer again before the lease expires. The next renewal finds out.
      renew().catch(() => undefined)
    }, leaseMilliseconds / 3)
    // A lease must not keep a process alive. It expires.
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
    lock: (key, options) =>
      pollForLock(() => attempt(key), options, {
        // A lease is renewed after a third of its time, so a shorter suspension cannot end it.
        suspendedAfterMilliseconds: leaseMilliseconds / 2,
      }),
    async releaseAll() {
      await Promise.all(Array.from(held, (lock) => lock.release()))
    },
  }
}
