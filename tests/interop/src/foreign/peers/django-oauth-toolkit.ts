import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startTrustingResource } from '@evergrant/test-kit'
import { signInThroughPages } from '../../browser.ts'
import type { Peer } from '../../peers/peer.ts'
import { resourceScope } from '../../peers/peer.ts'
import { sourceFolder } from '../cache.ts'
import { preparePython } from '../python.ts'
import { startServerProgram } from '../server-program.ts'

const name = 'django-oauth-toolkit'

/** django-oauth-toolkit with open registration and reuse protection. Returns how it is started. */
export async function prepareDjangoOAuthToolkit(): Promise<() => Promise<Peer>> {
  const python = await preparePython(name)
  return async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-interop-'))
    const resource = await startTrustingResource(resourceScope)
    const program = path.join(sourceFolder(name), 'server.py')
    const database = path.join(folder, 'django.sqlite')
    const server = await startServerProgram([python, program, database, resourceScope])
    resource.protectedBy(String(server.ready['issuer']))
    return {
      resource,
      signIn: signInThroughPages({ username: 'user', password: 'user', allow: 'Authorize' }),
      async close() {
        await server.close()
        await resource.close()
        await rm(folder, { recursive: true, force: true })
      },
    }
  }
}
