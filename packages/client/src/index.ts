export type { Assumption, AssumptionCode } from './lib/assumption.ts'
export { systemClock } from './lib/clock.ts'
export type { Clock } from './lib/clock.ts'
export { EvergrantClientError } from './lib/errors.ts'
export type {
  EvergrantClientErrorCode,
  EvergrantClientErrorOptions,
  SignInReason,
} from './lib/errors.ts'
export { diagnosticsChannelName } from './lib/events.ts'
export type { ClientEvent, GrantEvent, Observer, RefreshReason } from './lib/events.ts'
export type {
  Grant,
  GrantEnd,
  GrantIdentity,
  GrantState,
  PendingRefresh,
  PrivateJwk,
  RefreshRefusal,
  RefusalsBeforeSignIn,
} from './grant/grant.ts'
export type { ExchangeResult, RefreshExchange } from './grant/refresh-exchange.ts'
export type { ServerHealthOptions } from './grant/server-health.ts'
export type { DpopPreference } from './protocol/dpop.ts'
export { discover } from './protocol/discovery.ts'
export type { DiscoverOptions, Discovery } from './protocol/discovery.ts'
export type { HttpOptions } from './protocol/http.ts'
export type {
  ClientConfiguration,
  ClientRegistration,
  PreRegisteredClient,
} from './protocol/registration.ts'
export { createRedactor } from './protocol/redact-secrets.ts'
export type { Redactor } from './protocol/redact-secrets.ts'
export type { ForeignSignIn } from './session/import-sign-in.ts'
export { listPartitions, listSessions } from './session/list-sessions.ts'
export type { PartitionListing, SessionListing } from './session/list-sessions.ts'
export { retryRevocations } from './session/revocation.ts'
export type { RetryRevocationsOptions, RevocationState } from './session/revocation.ts'
export { findSignIn } from './session/redirect-sign-ins.ts'
export { createSession } from './session/session.ts'
export type {
  Session,
  SessionOptions,
  SessionStatus,
  SignOutResult,
} from './session/session-api.ts'
export type { SignInOptions, SignInResult } from './session/sign-in-api.ts'
export type { SignInPreferences } from './session/sign-in-plan.ts'
export type {
  ClientCredentialsSignIn,
  DevicePrompt,
  DeviceSignIn,
  InteractiveSignIn,
  NoSignIn,
  PreparedSignIn,
  RedirectSignIn,
  SignIn,
} from './session/sign-in-method.ts'
export type {
  HeldLock,
  LockOptions,
  LockOutcome,
  RecordKind,
  RecordName,
  RecordStore,
  StoredRecord,
  WriteOutcome,
} from './stores/store.ts'
export { createTokenManager } from './grant/token-manager.ts'
export type { AccessToken } from './grant/access-token.ts'
export type { SignedInGrant } from './grant/stored-sign-in.ts'
export type {
  GetAccessTokenOptions,
  TokenManager,
  TokenManagerOptions,
} from './grant/token-manager.ts'
