export { createResourceServer } from './access/resource-server.ts'
export type { ResourceServer } from './access/resource-server.ts'
export type { ResourceServerOptions, TokenCacheOptions } from './access/options.ts'
export { assertAllowedOrigins } from './access/cross-origin.ts'
export type {
  AllowedOrigins,
  CrossOriginDecision,
  CrossOriginRequest,
} from './access/cross-origin.ts'
export type { TrustedAuthorizationServer } from './access/trusted-authorization-server.ts'
export type { TokenIntrospection } from './introspection/options.ts'
export type { DpopOptions, ReplayStore } from './dpop/options.ts'
export type { ProofRefusal } from './dpop/proof.ts'
export type { MaybePromise } from './lib/maybe-promise.ts'
export type { TokenRefusal, VerifiedAccessToken } from './token/verification.ts'
export type { AccessRequest } from './access/credentials.ts'
export { refusalReply } from './access/decision.ts'
export type {
  AccessDecision,
  AccessGranted,
  AccessRefused,
  AuthenticationDecision,
  RefusalReason,
  RefusalReply,
} from './access/decision.ts'
export { protectedResourceMetadata, protectedResourceMetadataUrl } from './metadata/metadata.ts'
export type {
  ProtectedResourceMetadataDocument,
  ProtectedResourceMetadataInput,
} from './metadata/metadata.ts'
export type { AccessWarning } from './scope/check-scopes.ts'
export { createScopeHierarchy } from './scope/scopes.ts'
export type { ScopeHierarchy, ScopeImplications } from './scope/scopes.ts'
export type { Clock } from './lib/clock.ts'
export { ResourceServerError } from './lib/errors.ts'
export type { ResourceServerErrorCode, ResourceServerErrorOptions } from './lib/errors.ts'
