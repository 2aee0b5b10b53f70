export { createResourceServer } from './resource-server.ts'
export type { ResourceServer, ResourceServerOptions } from './resource-server.ts'
export type { TrustedAuthorizationServer } from './keys.ts'
export type { TokenRefusal, VerifiedAccessToken } from './access-token.ts'
export type { AccessRequest } from './credentials.ts'
export { refusalReply } from './decision.ts'
export type {
  AccessDecision,
  AccessGranted,
  AccessRefused,
  AccessWarning,
  AuthenticationDecision,
  RefusalReason,
  RefusalReply,
} from './decision.ts'
export { protectedResourceMetadata, protectedResourceMetadataUrl } from './metadata.ts'
export type {
  ProtectedResourceMetadataDocument,
  ProtectedResourceMetadataInput,
} from './metadata.ts'
export { createScopeHierarchy } from './scopes.ts'
export type { ScopeHierarchy, ScopeImplications } from './scopes.ts'
export { ResourceServerError } from './errors.ts'
export type { ResourceServerErrorCode, ResourceServerErrorOptions } from './errors.ts'
