export { clientIds } from './clients/client.ts'
export type { ClientId } from './clients/client.ts'
export type { ForcedReason } from './clients/perfect.ts'
export { runTasks } from './run/pool.ts'
export {
  allProducts,
  forcedCount,
  issuesRefreshTokens,
  processCounts,
  publishedSeed,
  signInsOf,
  tasksFor,
} from './run/tables.ts'
export type { ProcessCount, Row } from './run/tables.ts'
export type { ProductRules } from './server/product-rules.ts'
export { monthFigures, situations, workDays } from './world/month.ts'
export type { Situation } from './world/month.ts'
export { timing } from './world/world.ts'
