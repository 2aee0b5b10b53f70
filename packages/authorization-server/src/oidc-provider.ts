export type { RefreshTokenBindingStores } from './oidc-provider/adapters.ts'
export type { ArtifactStore, StoredArtifact } from './oidc-provider/artifact-store.ts'
export type { DirectExchange, ExchangedToken } from './oidc-provider/direct-exchange.ts'
export type {
  RefreshTokenBindingOptions,
  RefreshTokenEvent,
  RiskFacts,
} from './oidc-provider/binding-options.ts'
export { bindRefreshTokens } from './oidc-provider/binding.ts'
export type { RefreshTokenBinding } from './oidc-provider/binding.ts'
export {
  bindClientDocuments,
  isClientDocumentUnavailable,
} from './oidc-provider/client-documents.ts'
export type {
  ClientDocumentBinding,
  ClientDocumentBindingEvent,
  ClientDocumentBindingOptions,
} from './oidc-provider/client-documents.ts'
export { withHashedClientSecret } from './oidc-provider/client-secrets.ts'
export type { ResourceIndicatorFunctions } from './oidc-provider/effective-resource.ts'
export type { FindForRefresh, StoredForRefresh } from './oidc-provider/stored-for-refresh.ts'
export { createMemoryArtifactStore } from './oidc-provider/memory-artifact-store.ts'
export type { IssuanceSubject } from './oidc-provider/issuance.ts'
