import type { Clock } from '../clock.ts'
import type { RecordName, RecordStore } from '../store.ts'
import { recordId } from './grant.ts'

/** How an authorization server is doing, as all processes over one store see it. */
export interface ServerHealth {
  /** No refresh is sent before this time; 0 when there is no reason to wait. */
  readonly notBeforeEpochSeconds: number
  readonly consecutiveFailures: number
  /** The last failure, in words for logs and errors. */
  readonly reason: string
}

/** Reads and updates how one authorization server is doing. */
export interface ServerHealthRecord {
  read(): Promise<ServerHealth>
  /** Notes a failure. `retryAfterSeconds` is what the server asked for, when it did. */
  failed(reason: string, retryAfterSeconds: number | undefined): Promise<ServerHealth>
  /** Notes that the server answered. */
  succeeded(): Promise<void>
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

const healthy: ServerHealth = { notBeforeEpochSeconds: 0, consecutiveFailures: 0, reason: '' }

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
  const name: RecordName = {
    kind: 'authorization-server',
    id: await recordId(['health', issuer]),
  }

  async function load(): Promise<{ health: ServerHealth; generation: number }> {
    const stored = await store.read(name).catch(() => undefined)
    if (stored === undefined) return { health: healthy, generation: 0 }
    const { health, savedAtEpochSeconds } = parseHealth(stored.body)
    const { generation, ageSeconds } = stored
    if (ageSeconds === undefined || savedAtEpochSeconds === undefined) return { health, generation }
    // Another machine's time, put onto this machine's clock.
    const shiftSeconds = clock.nowEpochSeconds() - ageSeconds - savedAtEpochSeconds
    const notBeforeEpochSeconds = health.notBeforeEpochSeconds + shiftSeconds
    return { health: { ...health, notBeforeEpochSeconds }, generation }
  }

  async function save(health: ServerHealth, generation: number): Promise<void> {
    const body = JSON.stringify({ ...health, savedAtEpochSeconds: clock.nowEpochSeconds() })
    await store.write(name, body, generation).catch(() => undefined)
  }

  return {
    async read() {
      return (await load()).health
    },
    async failed(reason, retryAfterSeconds) {
      const { health, generation } = await load()
      const consecutiveFailures = health.consecutiveFailures + 1
      const waitSeconds =
        retryAfterSeconds === undefined
          ? Math.min(
              maximumBackoffSeconds,
              initialBackoffSeconds * 2 ** Math.min(consecutiveFailures - 1, 16),
            )
          : Math.min(maximumRetryAfterSeconds, retryAfterSeconds)
      const next: ServerHealth = {
        notBeforeEpochSeconds: clock.nowEpochSeconds() + waitSeconds,
        consecutiveFailures,
        reason,
      }
      // On a conflict somebody noted a failure of the same moment: theirs is as good as ours.
      await save(next, generation)
      return next
    },
    async succeeded() {
      const { health, generation } = await load()
      if (health.consecutiveFailures === 0) return
      await save(healthy, generation)
    },
  }
}

interface ParsedHealth {
  readonly health: ServerHealth
  /** The writer's clock when it wrote. */
  readonly savedAtEpochSeconds?: number
}

function parseHealth(body: string): ParsedHealth {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null) return { health: healthy }
    const { notBeforeEpochSeconds, consecutiveFailures, reason, savedAtEpochSeconds } =
      value as Record<string, unknown>
    if (typeof notBeforeEpochSeconds !== 'number') return { health: healthy }
    if (typeof consecutiveFailures !== 'number' || typeof reason !== 'string') {
      return { health: healthy }
    }
    const health = { notBeforeEpochSeconds, consecutiveFailures, reason }
    return typeof savedAtEpochSeconds === 'number' ? { health, savedAtEpochSeconds } : { health }
  } catch {
    return { health: healthy }
  }
}
