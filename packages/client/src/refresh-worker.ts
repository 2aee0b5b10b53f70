export { createKeeper } from './refresh-worker/refresh-worker.ts'
export type {
  Keeper,
  KeeperEvent,
  KeeperOptions,
  KeeperServerStats,
  KeeperStats,
} from './refresh-worker/refresh-worker-api.ts'
export type { LaterReason } from './refresh-worker/refresh-if-due.ts'
