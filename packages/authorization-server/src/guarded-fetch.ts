export { isPublicAddress } from '@evergrant/core/network'
export { createGuardedFetch } from './guarded-fetch/guarded-fetch.ts'
export type {
  GuardedFetch,
  GuardedFetchInit,
  GuardedFetchOptions,
} from './guarded-fetch/guarded-fetch.ts'
