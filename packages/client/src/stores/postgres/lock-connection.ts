import type { Moment } from '../locking/bounded.ts'
import { millisecondsSince, thisMoment, within } from '../locking/bounded.ts'
import type { PostgresClient, PostgresPool } from './pool.ts'

/** One lock to take or to give back. */
export interface LockChange {
  /** A 64-bit integer in decimal: the name of the lock. */
  readonly key: string
  readonly change: 'take' | 'give-back'
}

/** A connection whose session holds any number of locks. Runs one statement at a time. */
export interface LockConnection {
  /** Locks of this connection count as held: it has not failed, and it answered recently. */
  holds(): boolean
  /**
   * Takes and gives back locks in one statement, which also confirms the connection.
   *
   * @returns For each change, whether it was made. `false`: another session holds the lock.
   */
  change(changes: readonly LockChange[]): Promise<readonly boolean[]>
  /**
   * How long ago a process may last have relied on a lock that a start or a promotion of the server
   * ended. Negative while one still may.
   */
  reliedOnLostLocksSecondsAgo(): number
  /** Gives back all locks and returns the connection to the pool. Never throws. */
  close(): Promise<void>
}

/** How a lock connection works. */
export interface LockConnectionSettings {
  readonly requestTimeoutMilliseconds: number
  /** Called once if the connection fails: the server has released all of its locks, or will. */
  readonly onLost: () => void
}

/** Locks count as lost if the connection has not answered for this long. */
export const confirmationLimitMilliseconds = 20_000
/**
 * When the server closes a silent connection: later than the holder gives up, so that two processes
 * never hold one lock.
 */
const transactionSettings = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '25000',
  // A suspended holder keeps its locks, as it would keep a lock of the kernel.
  idle_in_transaction_session_timeout: '0',
  /** PostgreSQL 17 and later. */
  transaction_timeout: '0',
}

const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY'
/** Settings that the server does not have are left out. */
const prepare = `SELECT set_config(name, value, true) FROM (VALUES ${Object.entries(
  transactionSettings,
)
  .map(([name, value]) => `('${name}', '${value}')`)
  .join(', ')}) AS given (name, value) WHERE name IN (SELECT name FROM pg_settings)`
/** A promoted replica has lost the locks of its predecessor after the last replayed transaction. */
const serverState = `SELECT pg_is_in_recovery() AS replica,
  date_part('epoch', clock_timestamp() - pg_postmaster_start_time())::text AS started,
  date_part('epoch', clock_timestamp() - pg_last_xact_replay_timestamp())::text AS promoted`
/** A restarted server resets its connections, so holders notice soon. A vanished one does not. */
const noticeSeconds = { started: 5, promoted: confirmationLimitMilliseconds / 1000 }

/**
 * The parameters are part of the text: after a statement with separate parameters, PostgreSQL keeps
 * its snapshot until the next statement, which holds back vacuum.
 */
function changeText(changes: readonly LockChange[]): string {
  const keys = changes.map(({ key }) => key).join()
  const takes = changes.map(({ change }) => String(change === 'take')).join()
  return `SELECT CASE WHEN take THEN pg_try_advisory_lock(key) ELSE pg_advisory_unlock(key) END AS made
    FROM unnest('{${keys}}'::bigint[], '{${takes}}'::boolean[]) AS given (key, take)`
}

/**
 * Takes a connection of the pool for locks. The locks belong to its session, and a transaction stays
 * open as long as the connection is in use, so that a pooler (PgBouncer in transaction mode) cannot
 * separate the locks from their holder. The transaction has no snapshot between statements, so it
 * does not hold back vacuum.
 *
 * After any failure, the connection is destroyed. A connection with locks never returns to the pool.
 */
export async function openLockConnection(
  pool: PostgresPool,
  settings: LockConnectionSettings,
): Promise<LockConnection> {
  const { requestTimeoutMilliseconds: timeout } = settings
  const client = await within(timeout, 'The connection pool', pool.connect(), (late) =>
    late.release(),
  )
  const session = lockSession(client, settings)
  await session.run(begin)
  await session.run(prepare)
  const [row] = await session.run(serverState)
  const openedAt = thisMoment()
  if (row?.['replica'] !== false) {
    session.destroy()
    throw new Error(
      'The server is a read-only replica, whose locks do not exclude processes at the primary. Connect the pool to the primary.',
    )
  }
  const lostSecondsAgo = Math.min(
    ...(['started', 'promoted'] as const).map((event) =>
      row[event] === null ? Number.POSITIVE_INFINITY : Number(row[event]) - noticeSeconds[event],
    ),
  )
  // It can fail together with the last answer.
  if (!session.isAlive()) throw new Error('The connection of the locks has ended.')
  let confirmed: Moment = openedAt
  let closing = false

  return {
    holds: () =>
      !closing && session.isAlive() && millisecondsSince(confirmed) < confirmationLimitMilliseconds,
    async change(changes) {
      const sentAt = thisMoment()
      const rows = await session.run(changeText(changes))
      const made = rows.map((one) => one['made'] === true)
      if (changes.some((one, index) => one.change === 'give-back' && made[index] !== true)) {
        session.destroy()
        throw new Error('PostgreSQL did not know a lock of this connection.')
      }
      confirmed = sentAt
      return made
    },
    reliedOnLostLocksSecondsAgo: () => lostSecondsAgo + millisecondsSince(openedAt) / 1000,
    async close() {
      closing = true
      try {
        // In the transaction: after its end, a pooler may run the statement on another connection.
        await session.run('SELECT pg_advisory_unlock_all()')
        await session.run('COMMIT')
        session.giveBack()
      } catch {
        session.destroy()
      }
    },
  }
}

interface LockSession {
  run(text: string): Promise<Record<string, unknown>[]>
  isAlive(): boolean
  /** Returns the connection to the pool. */
  giveBack(): void
  destroy(): void
}

function lockSession(client: PostgresClient, settings: LockConnectionSettings): LockSession {
  let state: 'alive' | 'lost' | 'given-back' = 'alive'

  function destroy(): void {
    if (state !== 'alive') return
    state = 'lost'
    // The listener of errors stays: a destroyed connection can report its error later.
    client.removeListener('end', destroy)
    client.release(true)
    settings.onLost()
  }
  // Without a listener, a connection that breaks would end the process.
  client.on('error', destroy)
  client.on('end', destroy)

  return {
    async run(text) {
      if (state !== 'alive') throw new Error('The connection of the locks has ended.')
      try {
        const query_timeout = settings.requestTimeoutMilliseconds
        return (await client.query({ text, values: [], query_timeout })).rows
      } catch (error) {
        // The transaction has failed, or its state is unknown.
        destroy()
        throw error
      }
    },
    isAlive: () => state === 'alive',
    giveBack() {
      if (state !== 'alive') return
      state = 'given-back'
      client.removeListener('end', destroy)
      client.removeListener('error', destroy)
      client.release()
    },
    destroy,
  }
}
