import { fileBackend } from './file-backend.ts'
import type { BackendOptions, StoreBackend } from './store-backend.ts'
import type { StoreKind } from './store-kind.ts'

/** Creates an empty store. Database clients are imported on demand. */
export async function startBackend(
  kind: StoreKind,
  options: BackendOptions,
): Promise<StoreBackend> {
  if (kind === 'file') return fileBackend(options)
  if (kind === 'postgres') {
    return await (await import('./postgres-backend.ts')).postgresBackend(options)
  }
  return await (await import('./redis-backend.ts')).redisBackend(options)
}
