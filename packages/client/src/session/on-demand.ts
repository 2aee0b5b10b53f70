/**
 * What a call with a stored sign-in does not need. It is one part, loaded at its first use: a program
 * that signs in uses most of it, and with more parts bundlers split the rest, too (ADR 28).
 */
export { followRedirects } from '../protocol/resource-redirects.ts'
export { discoverAuthorizationServer } from '../protocol/server-discovery.ts'
export { discardTokens } from './revocation.ts'
export { sessionActions } from './session-actions.ts'
export { stepUp } from './step-up.ts'
