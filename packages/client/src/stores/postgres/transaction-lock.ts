import type { HeldLock, LockOptions, LockOutcome } from '../store.ts'
import { millisecondsSince, thisMoment, within } from '../locking/bounded.ts'
import type { LockAttempt } from '../locking/poll-for-lock.ts'
import { pollForLock } from '../locking/poll-for-lock.ts'
import type { PostgresClient, PostgresPool } from './pool.ts'

/** How locks use the pool. */
export interface TransactionLockSettings {
  /** How many locks may be held or requested at once. */
  readonly maximumConnections: number
  readonly requestTimeoutMilliseconds: number
}

/** Locks of one pool. */
export interface TransactionLocks {
  /** @param key - A 64-bit integer in decimal: the name of the lock. */
  lock(key: string, options?: LockOptions): Promise<LockOutcome>
  releaseAll(): Promise<void>
}

/** How often the connection of a held lock is checked. */
const heartbeatMilliseconds = 5000
/** A lock counts as lost if its connection has not answered for this long. */
const confirmationLimitMilliseconds = 20_000
/**
 * When the server closes a silent connection: later than the holder does, so that two processes never
 * hold one lock.
 */
const serverKeepalive = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '25000',
  // A suspended holder keeps the lock, as it would keep a lock of the kernel.
  idle_in_transaction_session_timeout: '0',
}

const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY'
const tryLock = `SELECT pg_try_advisory_xact_lock($1::bigint) AS locked, ${Object.entries(
  serverKeepalive,
)
  .map(([name, value]) => `set_config('${name}', '${value}', true)`)
  .join(', ')}`

/**
 * Advisory locks, each on a separate connection, so that they end with it. They belong to an open
 * transaction and not to the session. A connection therefore returns to the pool without locks, and a
 * pooler (PgBouncer in transaction mode) cannot separate a lock from its connection.
 */
export function transactionLocks(
  pool: PostgresPool,
  settings: TransactionLockSettings,
): TransactionLocks {
  const { maximumConnections, requestTimeoutMilliseconds } = settings
  const held = new Set<HeldLock>()
  let connections = 0

  async function attempt(key: string): Promise<LockAttempt> {
    if (connections >= maximumConnections) {
      return {
        outcome: 'crowded',
        reason: `all ${maximumConnections} connections for locks are in use in this process`,
      }
    }
    connections += 1
    let connection: LockConnection
    try {
      const connecting = pool.connect()
      connection = lockConnection(
        await within(requestTimeoutMilliseconds, 'The connection pool', connecting, (late) =>
          late.release(),
        ),
        requestTimeoutMilliseconds,
      )
    } catch (cause) {
      connections -= 1
      return { outcome: 'unavailable', reason: 'no connection to PostgreSQL is available', cause }
    }
    try {
      await connection.run(begin)
      const rows = await connection.run(tryLock, [key])
      if (rows[0]?.['locked'] === true) return { outcome: 'acquired', lock: heldBy(connection) }
      await connection.end()
      connections -= 1
      return { outcome: 'busy' }
    } catch (cause) {
      await connection.end()
      connections -= 1
      return { outcome: 'unavailable', reason: 'PostgreSQL failed to lock', cause }
    }
  }

  function heldBy(connection: LockConnection): HeldLock {
    let confirmed = thisMoment()
    let given: Promise<void> | undefined
    async function confirm(): Promise<void> {
      const asked = thisMoment()
      await connection.run('SELECT 1')
      confirmed = asked
    }
    const heartbeat = setInterval(() => {
      // A failed connection is already marked as dead.
      confirm().catch(() => undefined)
    }, heartbeatMilliseconds)
    // A lock must not keep a process alive. It ends with the process.
    heartbeat.unref()
    const lock: HeldLock = {
      isHeld: () =>
        given === undefined &&
        connection.isAlive() &&
        millisecondsSince(confirmed) < confirmationLimitMilliseconds,
      async release() {
        given ??= giveBack()
        await given
      },
    }
    async function giveBack(): Promise<void> {
      clearInterval(heartbeat)
      held.delete(lock)
      await connection.end()
      connections -= 1
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

/** A connection with a transaction on it. */
interface LockConnection {
  /** Runs one statement at a time, in the order of the calls. */
  run(text: string, values?: string[]): Promise<Record<string, unknown>[]>
  isAlive(): boolean
  /** Ends the transaction, and with it the lock. Never throws. */
  end(): Promise<void>
}

function lockConnection(
  client: PostgresClient,
  requestTimeoutMilliseconds: number,
): LockConnection {
  let alive = true
  let turn: Promise<unknown> = Promise.resolve()

  // Without a listener, a connection that breaks would end the process.
  function onEnd(): void {
    alive = false
  }
  client.on('error', onEnd)
  client.on('end', onEnd)

  async function query(text: string, values: string[]): Promise<Record<string, unknown>[]> {
    if (!alive) throw new Error('The connection that held the lock has ended.')
    try {
      const { rows } = await client.query({
        text,
        values,
        query_timeout: requestTimeoutMilliseconds,
      })
      return rows
    } catch (error) {
      // After any failure, the transaction has ended or its state is unknown.
      alive = false
      throw error
    }
  }

  function run(text: string, values: string[] = []): Promise<Record<string, unknown>[]> {
    const result = turn.then(() => query(text, values))
    turn = result.catch(() => undefined)
    return result
  }

  return {
    run,
    isAlive: () => alive,
    async end() {
      await run('ROLLBACK').catch(() => undefined)
      const destroy = !alive
      client.release(destroy)
      client.removeListener('end', onEnd)
      // A broken connection can report its error after its release.
      if (!destroy) client.removeListener('error', onEnd)
    },
  }
}
