export { ProtocolError } from './errors.ts'
export type { ProtocolErrorCode, ProtocolErrorOptions } from './errors.ts'
export { decideRefresh, refreshAheadSeconds } from './refresh-timing.ts'
export type { RefreshTiming, RefreshTimingOptions } from './refresh-timing.ts'
export { requirements } from './requirements.ts'
export type {
  Requirement,
  RequirementGroup,
  RequirementId,
  RequirementLevel,
} from './requirements.ts'
export { parseRetryAfter } from './retry-after.ts'
export type { ParseRetryAfterOptions } from './retry-after.ts'
export {
  formatScope,
  isScopeToken,
  missingScopes,
  offlineAccess,
  parseScope,
  readScope,
  uniteScopes,
} from './scope.ts'
export type { ScopeReading } from './scope.ts'
export { classifyTokenError } from './token-error.ts'
export type {
  ClassifyTokenErrorOptions,
  GrantEndedDecision,
  RegistrationEndedDecision,
  RequestRefusedDecision,
  TokenEndpointAnswer,
  TokenErrorDecision,
  TransientTokenErrorDecision,
  UseDpopNonceDecision,
} from './token-error.ts'
export { mergeTokenResponse, parseTokenResponse } from './token-response.ts'
export type {
  MergeTokenResponseOptions,
  TokenMerge,
  TokenResponse,
  TokenResponseWarning,
  TokenSet,
  TokenType,
} from './token-response.ts'
