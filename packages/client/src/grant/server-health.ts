import type { Clock } from '../lib/clock.ts'
import type { RecordName, RecordStore } from '../stores/store.ts'
import { recordId } from './grant.ts'

/** How an authorization server is doing, as all processes over one store see it. */
export interface ServerHealth {
  /** No refresh is sent before this time; 0 when there is no reason to wait. */
  readonly notBeforeEpochSeconds: number
  readonly consecutiveFailures: number
  /** The last failure, in words for logs and errors. */
  readonly reason: string
  /** When it came; 0 where there is none. */
  readonly failedAtEpochSeconds: number
}

/** Reads and updates how one authorization server is doing. */
export interface ServerHealthRecord {
  read(): Promise<ServerHealth>
  /** Notes a failure. `retryAfterSeconds` is what the server asked for, when it did. */
  failed(reason: string, retryAfterSeconds: number | undefined): Promise<ServerHealth>
  /**
   * Notes that the server answered a request that was sent at this time. A failure that came after
   * it stands: what was sent earlier says nothing about it.
   */
  succeeded(sentAtEpochSeconds: number): Promise<void>
}

/** Limits of the shared back-off. */
export interface ServerHealthOptions {
  /** The first wait after a failure without `Retry-After`. Default 0.5; it doubles from there. */
  readonly initialBackoffSeconds?: number
  /** The longest wait of our own making. Default 60. */
  readonly maximumBackoffSeconds?: number
  /** The longest `Retry-After` that is believed. Default 3600. */
  readonly maximumRetryAfterSeconds?: number
}

const healthy: ServerHealth = {
  notBeforeEpochSeconds: 0,
  consecutiveFailures: 0,
  reason: '',
  failedAtEpochSeconds: 0,
}

/** A clock this far behind the moment of writing was set back; less is measuring noise. */
const clockNoiseSeconds = 5
/** Several refreshes that fail at one moment write one after the other. */
const maximumRewrites = 10

/**
 * Opens the health record of an authorization server.
 *
 * It is advice, not truth: where it cannot be read or written, refreshes go on without it. A
 * store failure that matters shows at the journal, before a refresh token is spent.
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
    // By a store's own clock the age is known. By this machine's it is not, once that was set back:
    // a wait that nobody can measure is no wait.
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

  /** Changes what is stored, on what others wrote meanwhile. */
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
        // Never shorter than our own: a server that asks to be asked again at once, or whose clock
        // is behind, would be asked without a pause.
        const waitSeconds = Math.max(
          Math.min(maximumBackoffSeconds, ownSeconds),
          Math.min(maximumRetryAfterSeconds, retryAfterSeconds),
        )
        return {
          // What it asked of one request holds, also when another one fails without a word.
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
  /** The writer's clock when it wrote. */
  readonly savedAtEpochSeconds: number
}

/** Whatever is no such record says nothing against the server. */
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
