export { assessClientRisk } from './client-risk.ts'
export type { ClientRiskFacts, ClientRiskRules } from './client-risk.ts'
export { AuthorizationServerError } from './errors.ts'
export type { AuthorizationServerErrorCode } from './errors.ts'
export {
  authorizationServerScopes,
  decideRefreshIssuance,
  offlineAccessHasEffect,
  refreshIssuancePresets,
} from './issuance.ts'
export type {
  RefreshIssuanceDecision,
  RefreshIssuanceOptions,
  RefreshIssuancePolicy,
  RefreshIssuancePreset,
  RefreshIssuanceReason,
  RefreshIssuanceRequest,
  RiskAssessment,
} from './issuance.ts'
export { isLocalRedirectUri } from './local-redirect.ts'
export { createMemoryRefreshTokenStore } from './memory-store.ts'
export { createRefreshTokenRotation } from './rotate.ts'
export type {
  RedemptionResult,
  RefreshTokenRotation,
  RefreshTokenRotationOptions,
} from './rotate.ts'
export {
  defaultGraceSeconds,
  defaultOverlapSeconds,
  defaultRefreshTokenLifetimes,
  deriveSuccessor,
  generateRefreshToken,
  judgePresentation,
  refreshTokenId,
} from './rotation.ts'
export type {
  PresentationOptions,
  PresentationVerdict,
  RefreshTokenLifetimes,
  RefreshTokenRecord,
  RefreshTokenStore,
  ReuseReason,
  SupersedeResult,
} from './rotation.ts'
