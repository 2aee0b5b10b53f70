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
export { deviceCodeGrantType } from './registration/device-grant-type.ts'
export { parseRedirectUri } from './registration/redirect-uri.ts'
export type { RedirectUriKind } from './registration/redirect-uri.ts'
export {
  explainRegistrationError,
  parseRegistrationResponse,
} from './registration/registration-response.ts'
export type {
  RegistrationErrorExplanation,
  RegistrationErrorHeaders,
  RegistrationResponse,
} from './registration/registration-response.ts'
