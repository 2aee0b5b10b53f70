export { jsonBody, readBody, startServer } from './server.ts'
export type { RequestHandler, RunningServer, StartServerOptions } from './server.ts'
export { startFetchServer } from './fetch-server.ts'
export { rawStatus, sendRaw } from './raw-request.ts'
export type { RawRequest } from './raw-request.ts'
export { walkThroughPages } from './sign-in-pages.ts'
export type { FormFields, WalkOptions } from './sign-in-pages.ts'
export { findChromium } from './chromium.ts'
export {
  acceptsConnections,
  findDatabaseProgram,
  isRoot,
  postgresUser,
} from './database-programs.ts'
export { packPublished, withNeeds } from './packed-packages.ts'
export type { PackedPackage } from './packed-packages.ts'
export { freePort, freePorts } from './free-ports.ts'
export { ageRowsSql } from './age-rows.ts'
export { reportNotRun } from './not-run.ts'
export { seededRandom } from './seeded-random.ts'
export { virtualClock } from './clock.ts'
export type { VirtualClock } from './clock.ts'
export { createCanaries } from './canaries.ts'
export type { Canaries } from './canaries.ts'
export type { Fault } from './faults.ts'
export type { GrantView, RefreshTokenRules } from './grants.ts'
export type { AccessTokenRequest } from './access-tokens.ts'
export type { LoggedRequest } from './request-log.ts'
export { startScriptedAuthorizationServer } from './authorization-server.ts'
export type {
  AuthorizationServerEndpoint,
  IssuedTokens,
  ScriptedAuthorizationServer,
  ScriptedAuthorizationServerOptions,
  WellKnownForm,
} from './authorization-server/scripted-server.ts'
export { startProtectedServer } from './protected-server.ts'
export type { ProtectedServer, ProtectedServerOptions } from './protected-server.ts'
export { startTrustingResource } from './trusting-resource.ts'
export type { TrustingResource } from './trusting-resource.ts'
export { startGateway } from './gateway.ts'
export type { Gateway, GatewayRequest } from './gateway.ts'
