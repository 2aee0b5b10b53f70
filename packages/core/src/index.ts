export type { ConsentPromptDecision } from './authorization/consent-prompt.ts'
export { formatBearerChallenge, readBearerChallenge } from './challenge/bearer-challenge.ts'
export type { BearerChallenge } from './challenge/bearer-challenge.ts'
export { formatChallenge, parseChallenges } from './challenge/challenge.ts'
export type { Challenge } from './challenge/challenge.ts'
export { ProtocolError } from './lib/errors.ts'
export type { ProtocolErrorCode, ProtocolErrorOptions } from './lib/errors.ts'
export { cleanRemoteText, escapeInvisible, showRemote } from './lib/remote-text.ts'
export { explainDecision, explainMissingRefreshToken } from './negotiation/explain.ts'
export { negotiateScope } from './negotiation/negotiate-scope.ts'
export type {
  NegotiateScopeOptions,
  ScopeDecision,
  ScopeSources,
  ScopeWarning,
} from './negotiation/negotiate-scope.ts'
export type { OfflineAccessOutcome } from './negotiation/offline-access.ts'
export type { ScopeTraceEntry } from './negotiation/scope-trace.ts'
export type { RequirementId, RequirementLevel } from './requirements/requirement.ts'
export {
  formatScope,
  isScopeToken,
  missingScopes,
  offlineAccess,
  parseScope,
  readScope,
  uniteScopes,
} from './scope/scope.ts'
export type { ScopeReading } from './scope/scope.ts'
export { decideStepUp } from './scope/step-up.ts'
export type { DecideStepUpOptions, StepUpDecision, StepUpSituation } from './scope/step-up.ts'
export { isErrorBody, readErrorWords } from './token/error-words.ts'
export type { ErrorWords } from './token/error-words.ts'
export { isLifetimeMember } from './token/grant-lifetime.ts'
export type {
  AnnouncedLifetime,
  GrantExpiry,
  GrantLifetimes,
  LifetimeMember,
} from './token/grant-lifetime.ts'
export { decideRefresh, refreshAheadSeconds } from './token/refresh-timing.ts'
export type { RefreshTiming, RefreshTimingOptions } from './token/refresh-timing.ts'
export { parseRetryAfter } from './token/retry-after.ts'
export type { ParseRetryAfterOptions } from './token/retry-after.ts'
export { classifyTokenError } from './token/token-error.ts'
export type {
  ClassifyTokenErrorOptions,
  GrantEndedDecision,
  RegistrationEndedDecision,
  RequestRefusedDecision,
  TokenEndpointAnswer,
  TokenErrorDecision,
  TransientTokenErrorDecision,
  UseDpopNonceDecision,
} from './token/token-error.ts'
export type { TokenResponseWarning } from './token/token-response-warning.ts'
export { mergeTokenResponse, parseTokenResponse } from './token/token-response.ts'
export type {
  MergeTokenResponseOptions,
  TokenMerge,
  TokenResponse,
  TokenSet,
  TokenType,
} from './token/token-response.ts'
