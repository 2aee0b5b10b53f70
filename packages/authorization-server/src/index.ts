export { assessClientRisk } from './issuance/client-risk.ts'
export type { ClientRiskFacts, ClientRiskRules } from './issuance/client-risk.ts'
export { AuthorizationServerError } from './lib/errors.ts'
export type { AuthorizationServerErrorCode } from './lib/errors.ts'
export {
  authorizationServerScopes,
  decideRefreshIssuance,
  offlineAccessHasEffect,
  refreshIssuancePresets,
} from './issuance/issuance.ts'
export type {
  RefreshIssuanceDecision,
  RefreshIssuanceOptions,
  RefreshIssuancePolicy,
  RefreshIssuancePreset,
  RefreshIssuanceReason,
  RefreshIssuanceRequest,
  RiskAssessment,
} from './issuance/issuance.ts'
export { isLocalRedirectUri } from './issuance/local-redirect.ts'
export { createMemoryRefreshTokenStore } from './rotation/memory-store.ts'
export { createRefreshTokenRotation } from './rotation/redemption.ts'
export type {
  RedemptionResult,
  RefreshTokenRotation,
  RefreshTokenRotationOptions,
} from './rotation/redemption.ts'
export {
  defaultGraceSeconds,
  defaultOverlapSeconds,
  defaultRefreshTokenLifetimes,
  deriveSuccessor,
  generateRefreshToken,
  decideRotation,
  refreshTokenId,
} from './rotation/rotation-rule.ts'
export type {
  PresentationOptions,
  PresentationVerdict,
  RefreshTokenLifetimes,
  RefreshTokenRecord,
  RefreshTokenStore,
  ReuseReason,
  SupersedeResult,
} from './rotation/rotation-rule.ts'
