export { createKeeper } from './keeper/keeper.ts'
export type {
  Keeper,
  KeeperEvent,
  KeeperOptions,
  KeeperServerStats,
  KeeperStats,
} from './keeper/keeper-api.ts'
export type { LaterReason } from './keeper/visit.ts'
