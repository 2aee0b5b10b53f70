import path from 'node:path'
import { freePort, startTrustingResource } from '@evergrant/test-kit'
import { redirectUri, signInThroughPages } from '../../browser.ts'
import type { Peer } from '../../peers/peer.ts'
import { resourceScope } from '../../peers/peer.ts'
import { prepareMaven } from '../maven.ts'
import { startServerAt } from '../server-program.ts'

const name = 'spring-authorization-server'
const source = 'src/main/java/interop/Server.java'

/** Spring Authorization Server with rotation on. Returns how it is started. */
export async function prepareSpringAuthorizationServer(): Promise<() => Promise<Peer>> {
  const folder = await prepareMaven(name, [source], ['package'])
  return async () => {
    const resource = await startTrustingResource(resourceScope)
    const port = await freePort()
    const issuer = `http://127.0.0.1:${port}`
    const server = await startServerAt(`${issuer}/.well-known/oauth-authorization-server`, [
      'java',
      '-Xmx256m',
      '-jar',
      path.join(folder, 'target', 'server-0.jar'),
      `${port}`,
      redirectUri,
      resourceScope,
    ])
    resource.protectedBy(issuer)
    return {
      resource,
      signIn: signInThroughPages({ username: 'user', password: 'user' }),
      preRegistered: { [issuer]: { clientId: 'interop', clientSecret: 'interop-secret' } },
      async close() {
        await server.close()
        await resource.close()
      },
    }
  }
}
