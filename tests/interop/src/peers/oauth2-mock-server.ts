import { startTrustingResource } from '@evergrant/test-kit'
import { OAuth2Server } from 'oauth2-mock-server'
import { signInThroughPages } from '../browser.ts'
import type { Peer } from './peer.ts'
import { resourceScope } from './peer.ts'

/** oauth2-mock-server: auto-approving, without registration, accepts any refresh token. */
export async function startOAuth2MockServer(): Promise<Peer> {
  const resource = await startTrustingResource(resourceScope)
  const server = new OAuth2Server()
  await server.issuer.keys.generate('ES256')
  await server.start(0, '127.0.0.1')
  const issuer = server.issuer.url ?? ''
  resource.protectedBy(issuer)
  return {
    resource,
    signIn: signInThroughPages(),
    preRegistered: { [issuer]: { clientId: 'interop' } },
    async close() {
      await server.stop()
      await resource.close()
    },
  }
}
