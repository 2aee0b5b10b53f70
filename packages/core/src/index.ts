export {
  decidePkce,
  isOpenIdProvider,
  parseAuthorizationServerMetadata,
} from './metadata/authorization-server-metadata.ts'
export type {
  AuthorizationServerMetadata,
  AuthorizationServerMetadataReading,
  DecidePkceOptions,
  MetadataWarning,
  ParseAuthorizationServerMetadataOptions,
  PkceDecision,
} from './metadata/authorization-server-metadata.ts'
export { isSameIssuer, relateIssuers } from './metadata/issuer.ts'
export type { IssuerRelation } from './metadata/issuer.ts'
export { decideIssuer } from './authorization/authorization-response.ts'
export type { DecideIssuerOptions, IssuerDecision } from './authorization/authorization-response.ts'
export { formatBearerChallenge, readBearerChallenge } from './challenge/bearer-challenge.ts'
export type { BearerChallenge } from './challenge/bearer-challenge.ts'
export { formatChallenge, parseChallenges } from './challenge/challenge.ts'
export type { Challenge } from './challenge/challenge.ts'
export { basicCredentials, formEncode } from './registration/basic-credentials.ts'
export {
  isClientIdMetadataUrl,
  parseClientIdMetadataDocument,
} from './registration/client-id-metadata-document.ts'
export type { ClientIdMetadataDocument } from './registration/client-id-metadata-document.ts'
export { buildClientMetadata, parseClientMetadata } from './registration/client-metadata.ts'
export type {
  BuildClientMetadataOptions,
  ClientDescription,
  ClientMetadata,
} from './registration/client-metadata.ts'
export {
  decideDevicePoll,
  parseDeviceAuthorization,
  supportsDeviceGrant,
} from './authorization/device-authorization.ts'
export type {
  DeviceAuthorization,
  DevicePollAnswer,
  DevicePollDecision,
} from './authorization/device-authorization.ts'
export { deviceCodeGrantType } from './registration/device-grant-type.ts'
export { readAuthorizationAnswer } from './authorization/authorization-preflight.ts'
export type { AuthorizationEndpointAnswer } from './authorization/authorization-preflight.ts'
export { decideSignInFallback } from './authorization/sign-in-fallback.ts'
export type {
  AppliedFallback,
  RefusedRequest,
  SignInFallback,
  SignInFallbackDecision,
  SignInRefusal,
} from './authorization/sign-in-fallback.ts'
export type { ConsentPromptDecision } from './authorization/consent-prompt.ts'
export { ProtocolError } from './lib/errors.ts'
export type { ProtocolErrorCode, ProtocolErrorOptions } from './lib/errors.ts'
export { buildAuthorizationUrl } from './negotiation/authorization-url.ts'
export type { AuthorizationUrlInput } from './negotiation/authorization-url.ts'
export { explainDecision, explainMissingRefreshToken } from './negotiation/explain.ts'
export { guardLookup } from './network/guarded-lookup.ts'
export type { Lookup, LookupCallback, ResolvedAddress } from './network/guarded-lookup.ts'
export { isLoopbackHost, isNonRoutableHost } from './network/host.ts'
export { negotiateScope } from './negotiation/negotiate-scope.ts'
export type {
  NegotiateScopeOptions,
  ScopeDecision,
  ScopeSources,
  ScopeWarning,
} from './negotiation/negotiate-scope.ts'
export type { OfflineAccessOutcome } from './negotiation/offline-access.ts'
export { parseProtectedResourceMetadata } from './metadata/protected-resource-metadata.ts'
export type {
  ProtectedResourceMetadata,
  ProtectedResourceMetadataReading,
} from './metadata/protected-resource-metadata.ts'
export { standardProfile } from './provider/provider-profile.ts'
export type { ProviderProfile } from './provider/provider-profile.ts'
export {
  applyProviderProfile,
  providerProfiles,
  selectProviderProfile,
} from './provider/select-profile.ts'
export type {
  ApplyProviderProfileOptions,
  ProfileParameters,
  SelectProviderProfileOptions,
} from './provider/select-profile.ts'
export { isPublicAddress } from './network/public-address.ts'
export { requesterNetwork } from './network/requester.ts'
export { parseRedirectUri } from './registration/redirect-uri.ts'
export type { RedirectUriKind } from './registration/redirect-uri.ts'
export { decideRefresh, refreshAheadSeconds } from './token/refresh-timing.ts'
export type { RefreshTiming, RefreshTimingOptions } from './token/refresh-timing.ts'
export {
  explainRegistrationError,
  parseRegistrationResponse,
} from './registration/registration-response.ts'
export type {
  RegistrationErrorExplanation,
  RegistrationErrorHeaders,
  RegistrationResponse,
} from './registration/registration-response.ts'
export { cleanRemoteText, escapeInvisible, showRemote } from './lib/remote-text.ts'
export type { RequirementId, RequirementLevel } from './requirements/requirement.ts'
export { canonicalResource, relateResource } from './metadata/resource-identifier.ts'
export type { ResourceRelation } from './metadata/resource-identifier.ts'
export { parseRetryAfter } from './token/retry-after.ts'
export type { ParseRetryAfterOptions } from './token/retry-after.ts'
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
export type { ScopeTraceEntry } from './negotiation/scope-trace.ts'
export { decideStepUp } from './scope/step-up.ts'
export type { DecideStepUpOptions, StepUpDecision, StepUpSituation } from './scope/step-up.ts'
export { isErrorBody, readErrorWords } from './token/error-words.ts'
export type { ErrorWords } from './token/error-words.ts'
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
export { isLifetimeMember } from './token/grant-lifetime.ts'
export type {
  AnnouncedLifetime,
  GrantExpiry,
  GrantLifetimes,
  LifetimeMember,
} from './token/grant-lifetime.ts'
export { mergeTokenResponse, parseTokenResponse } from './token/token-response.ts'
export type {
  MergeTokenResponseOptions,
  TokenMerge,
  TokenResponse,
  TokenSet,
  TokenType,
} from './token/token-response.ts'
export { isSecureEndpoint, parseEndpoint } from './network/url.ts'
export {
  authorizationServerMetadataUrls,
  protectedResourceMetadataUrls,
} from './metadata/well-known.ts'
export type {
  AuthorizationServerMetadataLocation,
  ProtectedResourceMetadataLocation,
  ProtectedResourceMetadataUrlsOptions,
} from './metadata/well-known.ts'
