import { startTrustingResource } from '@evergrant/test-kit'
import { Provider } from 'oidc-provider'
import { signInThroughPages } from '../browser.ts'
import { listenOnLoopback } from '../loopback.ts'
import type { Peer } from './peer.ts'
import { resourceScope } from './peer.ts'

/** oidc-provider with default settings, plus one resource, client registration and revocation. */
export async function startOidcProvider(): Promise<Peer> {
  const resource = await startTrustingResource(resourceScope)
  const { server, origin, close } = await listenOnLoopback()
  resource.protectedBy(origin)
  const provider = new Provider(origin, {
    features: {
      registration: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: resourceScope, accessTokenFormat: 'jwt' }),
      },
    },
    scopes: ['openid', 'offline_access', resourceScope],
    cookies: { keys: ['interop'] },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  return {
    resource,
    signIn: signInThroughPages({ login: 'user', password: 'anything' }),
    async close() {
      await close()
      await resource.close()
    },
  }
}
