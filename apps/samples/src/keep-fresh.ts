/** Refreshes grants that are not in use, in a process of the gateway. */
// #region worker
import type { RecordStore } from '@evergrant/client'
import { createRefreshWorker } from '@evergrant/client/refresh-worker'
import type { RefreshWorker, RefreshWorkerOptions } from '@evergrant/client/refresh-worker'

export async function keepFresh(
  store: RecordStore,
  options: RefreshWorkerOptions = {},
): Promise<RefreshWorker> {
  const worker = createRefreshWorker(store, options)
  await worker.start()
  return worker
}
// #endregion worker
