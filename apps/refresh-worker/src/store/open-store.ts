import type { EncryptedRecordStore } from '@evergrant/client/stores/key-rotation'
import type { StoreSettings } from '../settings/worker-settings.ts'

/** A store with its connections. */
export interface OpenStore {
  readonly store: EncryptedRecordStore
  /** Creates the table, or updates it. Does nothing in Redis. */
  prepare(): Promise<void>
  /** Closes the store and its connections. */
  close(): Promise<void>
}

/** Receives failures of idle connections, which the next command repeats or reports. */
export type ConnectionObserver = (error: unknown) => void

/**
 * Opens the store of the settings. Only the client of its database is loaded.
 *
 * @throws WorkerError `STORE_UNAVAILABLE`; EvergrantClientError `INVALID_OPTION`
 */
export async function openStore(
  settings: StoreSettings,
  observe: ConnectionObserver,
): Promise<OpenStore> {
  if (settings.database.kind === 'postgres') {
    const { openPostgres } = await import('./postgres.ts')
    return openPostgres(settings, observe)
  }
  const { openRedis } = await import('./redis.ts')
  return await openRedis(settings, observe)
}
