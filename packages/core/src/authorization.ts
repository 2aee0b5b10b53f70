export { readAuthorizationAnswer } from './authorization/authorization-preflight.ts'
export type { AuthorizationEndpointAnswer } from './authorization/authorization-preflight.ts'
export { decideIssuer } from './authorization/authorization-response.ts'
export type { DecideIssuerOptions, IssuerDecision } from './authorization/authorization-response.ts'
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
export { decideSignInFallback } from './authorization/sign-in-fallback.ts'
export type {
  AppliedFallback,
  RefusedRequest,
  SignInFallback,
  SignInFallbackDecision,
  SignInRefusal,
} from './authorization/sign-in-fallback.ts'
export { buildAuthorizationUrl } from './negotiation/authorization-url.ts'
export type { AuthorizationUrlInput } from './negotiation/authorization-url.ts'
