export { systemClock } from './clock.ts'
export type { Clock } from './clock.ts'
export { EvergrantClientError } from './errors.ts'
export type {
  EvergrantClientErrorCode,
  EvergrantClientErrorOptions,
  SignInReason,
} from './errors.ts'
export { diagnosticsChannelName } from './events.ts'
export type { ClientEvent, GrantEvent, Observer, RefreshReason } from './events.ts'
export type { Grant, GrantEnd, GrantIdentity, GrantState, PendingRefresh } from './grant/grant.ts'
export type { ExchangeResult, RefreshExchange, RefreshStep } from './grant/refresh-transaction.ts'
export type { ServerHealthOptions } from './grant/server-health.ts'
export type {
  HeldLock,
  LockOptions,
  LockOutcome,
  RecordKind,
  RecordName,
  RecordStore,
  StoredRecord,
  WriteOutcome,
} from './store.ts'
export { createTokenManager } from './token-manager.ts'
export type {
  AccessToken,
  GetAccessTokenOptions,
  SignedInGrant,
  TokenManager,
  TokenManagerOptions,
} from './token-manager.ts'
