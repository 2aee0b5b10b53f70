export { assessClientRisk } from './issuance/client-risk.ts'
export type { ClientRiskFacts, ClientRiskRules } from './issuance/client-risk.ts'
export { authorizationServerScopes, decideRefreshIssuance } from './issuance/issuance.ts'
export type {
  RefreshIssuanceDecision,
  RefreshIssuanceOptions,
  RefreshIssuancePolicy,
} from './issuance/issuance.ts'
export type {
  RefreshIssuanceReason,
  RefreshIssuanceRequest,
  RefreshIssuanceRule,
  RefreshIssuanceVerdict,
  RiskAssessment,
} from './issuance/issuance-rule.ts'
export { isLocalRedirectUri } from './issuance/local-redirect.ts'
export { defaultRefreshIssuancePolicy, refreshIssuancePresets } from './issuance/presets.ts'
export type { RefreshIssuancePreset } from './issuance/presets.ts'
export type { Clock } from './lib/clock.ts'
export { AuthorizationServerError } from './lib/errors.ts'
export type { AuthorizationServerErrorCode } from './lib/errors.ts'
export { grantLifetime, refreshTokenExpirationTypes } from './rotation/grant-lifetime.ts'
export type { GrantLifetime } from './rotation/grant-lifetime.ts'
export { defaultRefreshTokenLifetimes } from './rotation/lifetimes.ts'
export type { RefreshTokenLifetimes } from './rotation/lifetimes.ts'
export { createMemoryRefreshTokenStore } from './rotation/memory-store.ts'
export { createRefreshTokenRotation } from './rotation/refresh-token-rotation.ts'
export type {
  RedemptionResult,
  RefreshTokenRotation,
  RefreshTokenRotationOptions,
} from './rotation/refresh-token-rotation.ts'
export { refreshTokenId } from './rotation/successor.ts'
export type {
  RefreshTokenRecord,
  RefreshTokenStore,
  SupersedeResult,
} from './rotation/refresh-token-store.ts'
export {
  decideRotation,
  defaultGraceSeconds,
  defaultOverlapSeconds,
} from './rotation/rotation-rule.ts'
export type {
  ReuseReason,
  RotationDecision,
  RotationRuleOptions,
} from './rotation/rotation-rule.ts'
