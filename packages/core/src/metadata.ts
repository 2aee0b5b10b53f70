export { parseAuthorizationServerMetadata } from './metadata/authorization-server-metadata.ts'
export type {
  AuthorizationServerMetadata,
  AuthorizationServerMetadataReading,
  MetadataWarning,
  ParseAuthorizationServerMetadataOptions,
} from './metadata/authorization-server-metadata.ts'
export { isOpenIdProvider } from './metadata/openid-provider.ts'
export { decidePkce } from './metadata/pkce.ts'
export type { DecidePkceOptions, PkceDecision } from './metadata/pkce.ts'
export { isSameIssuer, relateIssuers } from './metadata/issuer.ts'
export type { IssuerRelation } from './metadata/issuer.ts'
export { parseProtectedResourceMetadata } from './metadata/protected-resource-metadata.ts'
export type {
  ProtectedResourceMetadata,
  ProtectedResourceMetadataReading,
} from './metadata/protected-resource-metadata.ts'
export { canonicalResource, relateResource } from './metadata/resource-identifier.ts'
export type { ResourceRelation } from './metadata/resource-identifier.ts'
export {
  authorizationServerMetadataUrls,
  protectedResourceMetadataUrls,
} from './metadata/well-known.ts'
export type {
  AuthorizationServerMetadataLocation,
  ProtectedResourceMetadataLocation,
  ProtectedResourceMetadataUrlsOptions,
} from './metadata/well-known.ts'
