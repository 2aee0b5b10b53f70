export {
  decidePkce,
  isOpenIdProvider,
  parseAuthorizationServerMetadata,
} from './authorization-server-metadata.ts'
export type {
  AuthorizationServerMetadata,
  AuthorizationServerMetadataReading,
  DecidePkceOptions,
  MetadataWarning,
  PkceDecision,
} from './authorization-server-metadata.ts'
export { decideIssuer } from './authorization-response.ts'
export type { IssuerDecision } from './authorization-response.ts'
export { formatBearerChallenge, readBearerChallenge } from './bearer-challenge.ts'
export type { BearerChallenge } from './bearer-challenge.ts'
export { formatChallenge, parseChallenges } from './challenge.ts'
export type { Challenge } from './challenge.ts'
export {
  isClientIdMetadataUrl,
  parseClientIdMetadataDocument,
} from './client-id-metadata-document.ts'
export type { ClientIdMetadataDocument } from './client-id-metadata-document.ts'
export { buildClientMetadata, parseClientMetadata } from './client-metadata.ts'
export type {
  BuildClientMetadataOptions,
  ClientDescription,
  ClientMetadata,
} from './client-metadata.ts'
export type { ConsentPromptDecision } from './consent-prompt.ts'
export { ProtocolError } from './errors.ts'
export type { ProtocolErrorCode, ProtocolErrorOptions } from './errors.ts'
export { explainDecision, explainMissingRefreshToken } from './explain.ts'
export { guardLookup } from './guarded-lookup.ts'
export type { Lookup, LookupCallback, ResolvedAddress } from './guarded-lookup.ts'
export { isLoopbackHost, isNonRoutableHost } from './host.ts'
export { negotiateScope } from './negotiate-scope.ts'
export type {
  NegotiateScopeOptions,
  ScopeDecision,
  ScopeSources,
  ScopeWarning,
} from './negotiate-scope.ts'
export type { OfflineAccessOutcome } from './offline-access.ts'
export { parseProtectedResourceMetadata } from './protected-resource-metadata.ts'
export type {
  ProtectedResourceMetadata,
  ProtectedResourceMetadataReading,
} from './protected-resource-metadata.ts'
export {
  applyProviderProfile,
  providerProfiles,
  selectProviderProfile,
  standardProfile,
} from './provider-profile.ts'
export type {
  ApplyProviderProfileOptions,
  ProfileParameters,
  ProviderFact,
  ProviderProfile,
  SelectProviderProfileOptions,
} from './provider-profile.ts'
export { isPublicAddress } from './public-address.ts'
export { parseRedirectUri, redirectUriMatches } from './redirect-uri.ts'
export type { RedirectUriKind } from './redirect-uri.ts'
export { decideRefreshScope } from './refresh-scope.ts'
export type { DecideRefreshScopeOptions, RefreshScopeDecision } from './refresh-scope.ts'
export { decideRefresh, refreshAheadSeconds } from './refresh-timing.ts'
export type { RefreshTiming, RefreshTimingOptions } from './refresh-timing.ts'
export { explainRegistrationError, parseRegistrationResponse } from './registration-response.ts'
export type { RegistrationErrorExplanation, RegistrationResponse } from './registration-response.ts'
export { cleanRemoteText, escapeInvisible, showRemote } from './remote-text.ts'
export { requirements } from './requirements.ts'
export type {
  Requirement,
  RequirementGroup,
  RequirementId,
  RequirementLevel,
} from './requirements.ts'
export { canonicalResource, relateResource } from './resource-identifier.ts'
export type { ResourceRelation } from './resource-identifier.ts'
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
export type { ScopeTraceEntry } from './scope-trace.ts'
export { decideStepUp } from './step-up.ts'
export type { DecideStepUpOptions, StepUpDecision, StepUpSituation } from './step-up.ts'
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
export { isSecureEndpoint, parseEndpoint } from './url.ts'
export { authorizationServerMetadataUrls, protectedResourceMetadataUrls } from './well-known.ts'
export type {
  AuthorizationServerMetadataLocation,
  ProtectedResourceMetadataLocation,
  ProtectedResourceMetadataUrlsOptions,
} from './well-known.ts'
