import { startBetterAuth } from './peers/better-auth.ts'
import { startOAuth2MockServer } from './peers/oauth2-mock-server.ts'
import { startOidcProvider } from './peers/oidc-provider.ts'
import type { Peer } from './peers/peer.ts'
import { startWorkersOAuthProvider } from './peers/workers-oauth-provider.ts'

/** The third-party authorization servers, by package. */
export const theirServers: Readonly<Record<string, () => Promise<Peer>>> = {
  'oidc-provider': startOidcProvider,
  '@better-auth/oauth-provider': startBetterAuth,
  '@cloudflare/workers-oauth-provider': startWorkersOAuthProvider,
  'oauth2-mock-server': startOAuth2MockServer,
}
