export { createRefreshWorker } from './refresh-worker/refresh-worker.ts'
export type {
  NeedsReauthNotice,
  RefreshWorker,
  RefreshWorkerEvent,
  RefreshWorkerOptions,
  RefreshWorkerServerStats,
  RefreshWorkerStats,
} from './refresh-worker/api.ts'
export type { LaterReason } from './refresh-worker/refresh-due-grant.ts'
