export type { ArtifactStore, StoredArtifact } from './oidc-provider/artifacts.ts'
export { bindRefreshTokens } from './oidc-provider/binding.ts'
export type {
  IssuanceSubject,
  RefreshTokenBinding,
  RefreshTokenBindingOptions,
  RefreshTokenBindingStores,
  RefreshTokenEvent,
  RiskFacts,
} from './oidc-provider/binding.ts'
export { withHashedClientSecret } from './oidc-provider/client-secrets.ts'
export {
  bindClientDocuments,
  isClientDocumentUnavailable,
} from './oidc-provider/client-documents.ts'
export type {
  ClientDocumentBinding,
  ClientDocumentBindingOptions,
  ClientDocumentEvent,
} from './oidc-provider/client-documents.ts'
export type { ResourceIndicatorFunctions } from './oidc-provider/effective-resource.ts'
