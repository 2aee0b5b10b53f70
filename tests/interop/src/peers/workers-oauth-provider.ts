import { startTrustingResource } from '@evergrant/test-kit'
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { Miniflare } from 'miniflare'
import { signInThroughPages } from '../browser.ts'
import { listenOnLoopback } from '../loopback.ts'
import type { Peer } from './peer.ts'
import { resourceScope } from './peer.ts'

const library = '@cloudflare/workers-oauth-provider'

/** Cloudflare's workers-oauth-provider in workerd, with an auto-approving authorize page. */
export async function startWorkersOAuthProvider(): Promise<Peer> {
  const resource = await startTrustingResource(resourceScope)
  // The worker must know its address before it starts.
  const { origin, close } = await listenOnLoopback()
  await close()
  resource.protectedBy(origin)
  const worker = await readFile(new URL('worker.ts', import.meta.url), 'utf8')
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: Number(new URL(origin).port),
    compatibilityDate: '2026-06-01',
    compatibilityFlags: ['global_fetch_strictly_public'],
    kvNamespaces: ['OAUTH_KV'],
    bindings: { ISSUER: origin, RESOURCE: resource.url, SCOPE: resourceScope },
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: stripTypeScriptTypes(worker) },
      {
        type: 'ESModule',
        path: library,
        contents: await readFile(new URL(import.meta.resolve(library)), 'utf8'),
      },
    ],
  })
  await miniflare.ready
  return {
    resource,
    signIn: signInThroughPages(),
    async close() {
      await miniflare.dispose()
      await resource.close()
    },
  }
}
