export { createRefreshWorker } from './refresh-worker/refresh-worker.ts'
export type {
  RefreshWorker,
  RefreshWorkerEvent,
  RefreshWorkerOptions,
  RefreshWorkerServerStats,
  RefreshWorkerStats,
} from './refresh-worker/api.ts'
export type { LaterReason } from './refresh-worker/refresh-if-due.ts'
