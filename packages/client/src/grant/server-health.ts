import type { Clock } from '../lib/clock.ts'
import type { RecordName, RecordStore } from '../stores/store.ts'
import { recordId } from './grant.ts'

/** Whether an authorization server answers, as all processes over one store see it. */
export interface ServerHealth {
  /** No refresh is sent before this time; 0 if there is no reason to wait. */
  readonly notBeforeEpochSeconds: number
  readonly consecutiveFailures: number
  /** The last failure, for logs and errors. */
  readonly reason: string
  /** When it happened; 0 if there was no failure. */
  readonly failedAtEpochSeconds: number
}

/** Reads and updates the health of one authorization server. */
export interface ServerHealthRecord {
  read(): Promise<ServerHealth>
  /** Records a failure. `retryAfterSeconds` is the value of `Retry-After`, if the server sent it. */
  failed(reason: string, retryAfterSeconds: number | undefined): Promise<ServerHealth>
  /**
   * Records that the server answered a request that was sent at this time. A later failure stays
   * recorded, because an earlier request does not disprove it.
   */
  succeeded(sentAtEpochSeconds: number): Promise<void>
}

/** Limits of the shared back-off. */
export interface ServerHealthOptions {
  /** The first wait after a failure without `Retry-After`. Default 0.5. It doubles each time. */
  readonly initialBackoffSeconds?: number
  /** The longest wait without `Retry-After`. Default 60. */
  readonly maximumBackoffSeconds?: number
  /** The longest `Retry-After` that is respected. Default 3600. */
  readonly maximumRetryAfterSeconds?: number
}

const healthy: ServerHealth = {
  notBeforeEpochSeconds: 0,
  consecutiveFailures: 0,
  reason: '',
  failedAtEpochSeconds: 0,
}

/** A clock that is this far behind the time of writing was set back; less is noise. */
const clockNoiseSeconds = 5
/** Refreshes that fail at the same time write one after the other. */
const maximumRewrites = 10

/**
 * Opens the health record of an authorization server.
 *
 * The record is only advice: if it cannot be read or written, refreshes go on without it. A store
 * failure that matters appears when the journal is written, before a refresh token is spent.
 */
export async function serverHealthRecord(
  store: RecordStore,
  issuer: string,
  clock: Clock,
  options: ServerHealthOptions = {},
): Promise<ServerHealthRecord> {
  const {
    initialBackoffSeconds = 0.5,
    maximumBackoffSeconds = 60,
    maximumRetryAfterSeconds = 3600,
  } = options
  const longestWaitSeconds = Math.max(maximumBackoffSeconds, maximumRetryAfterSeconds)
  const name: RecordName = {
    kind: 'authorization-server',
    id: await recordId(['health', issuer]),
  }

  async function load(): Promise<{ health: ServerHealth; generation: number }> {
    const stored = await store.read(name).catch(() => undefined)
    if (stored === undefined) return { health: healthy, generation: 0 }
    const { body, generation, ageSeconds } = stored
    return { health: onThisClock(parseHealth(body), ageSeconds), generation }
  }

  function onThisClock(
    { savedAtEpochSeconds, ...health }: SavedHealth,
    ageSeconds: number | undefined,
  ): ServerHealth {
    const now = clock.nowEpochSeconds()
    // Without an age from the store, only the clock of this machine can measure the wait. If that
    // clock was set back, the wait cannot be measured and does not apply.
    if (ageSeconds === undefined && savedAtEpochSeconds > now + clockNoiseSeconds) {
      return { ...health, notBeforeEpochSeconds: 0, failedAtEpochSeconds: 0 }
    }
    const shiftSeconds = ageSeconds === undefined ? 0 : now - ageSeconds - savedAtEpochSeconds
    return {
      ...health,
      notBeforeEpochSeconds: Math.min(
        health.notBeforeEpochSeconds + shiftSeconds,
        now + longestWaitSeconds,
      ),
      failedAtEpochSeconds: health.failedAtEpochSeconds + shiftSeconds,
    }
  }

  /** Changes the stored value. If another process writes in between, its value is changed. */
  async function update(change: (health: ServerHealth) => ServerHealth): Promise<ServerHealth> {
    for (let attempt = 1; ; attempt += 1) {
      const { health, generation } = await load()
      const next = change(health)
      if (next === health) return next
      const body = JSON.stringify({ ...next, savedAtEpochSeconds: clock.nowEpochSeconds() })
      const written = await store.write(name, body, generation).catch(() => undefined)
      if (written?.outcome !== 'conflict' || attempt === maximumRewrites) return next
    }
  }

  return {
    async read() {
      return (await load()).health
    },
    async failed(reason, retryAfterSeconds = 0) {
      return await update((health) => {
        const now = clock.nowEpochSeconds()
        const consecutiveFailures = health.consecutiveFailures + 1
        const ownSeconds = initialBackoffSeconds * 2 ** Math.min(consecutiveFailures - 1, 16)
        // Never shorter than our own wait: a server with a wrong clock, or one that asks for an
        // immediate retry, would otherwise get requests without a pause.
        const waitSeconds = Math.max(
          Math.min(maximumBackoffSeconds, ownSeconds),
          Math.min(maximumRetryAfterSeconds, retryAfterSeconds),
        )
        return {
          // A `Retry-After` applies even if another request fails without one.
          notBeforeEpochSeconds: Math.max(health.notBeforeEpochSeconds, now + waitSeconds),
          consecutiveFailures,
          reason,
          failedAtEpochSeconds: now,
        }
      })
    },
    async succeeded(sentAtEpochSeconds) {
      await update((health) =>
        health.consecutiveFailures === 0 || health.failedAtEpochSeconds > sentAtEpochSeconds
          ? health
          : healthy,
      )
    },
  }
}

interface SavedHealth extends ServerHealth {
  /** The time of writing, by the clock of the writer. */
  readonly savedAtEpochSeconds: number
}

/** An unreadable record does not delay requests. */
function parseHealth(body: string): SavedHealth {
  const unknown: SavedHealth = { ...healthy, savedAtEpochSeconds: 0 }
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return unknown
  }
  if (typeof value !== 'object' || value === null) return unknown
  const { reason, ...members } = value as Record<string, unknown>
  const { notBeforeEpochSeconds, consecutiveFailures, failedAtEpochSeconds, savedAtEpochSeconds } =
    members
  return typeof reason === 'string' &&
    typeof notBeforeEpochSeconds === 'number' &&
    typeof consecutiveFailures === 'number' &&
    typeof failedAtEpochSeconds === 'number' &&
    typeof savedAtEpochSeconds === 'number'
    ? {
        reason,
        notBeforeEpochSeconds,
        consecutiveFailures,
        failedAtEpochSeconds,
        savedAtEpochSeconds,
      }
    : unknown
}
