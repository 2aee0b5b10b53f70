import path from 'node:path'
import type { Clock, Session } from '@evergrant/client'
import { createSession } from '@evergrant/client'
import { headlessSignIn } from '@evergrant/client/headless'
import { sessionTransport } from '@evergrant/client/sdk-v2'
import { fileStore, keyFileKey } from '@evergrant/client/stores/file'
import { Client } from '@modelcontextprotocol/client'
import type { ConnectedPeer, PeerSettings } from './peer.ts'

/** A session on the encrypted file store. Sign-ins are counted and succeed at once. */
export async function openSession(
  { serverUrl, folder }: Pick<PeerSettings, 'serverUrl' | 'folder'>,
  clock: Clock,
): Promise<{ readonly session: Session; readonly signIns: () => number }> {
  const { key } = await keyFileKey(path.join(folder, 'key'))
  const headless = headlessSignIn()
  let signIns = 0
  const session = createSession(serverUrl, {
    store: await fileStore(path.join(folder, 'store'), { key }),
    client: { name: 'bench' },
    clock,
    signIn: {
      kind: 'interactive',
      prepare(preferred) {
        signIns += 1
        return headless.prepare(preferred)
      },
    },
  })
  return { session, signIns: () => signIns }
}

/** The same MCP client as SDK 2.x, with a session for authorization. */
export async function connectOurs(settings: PeerSettings, clock: Clock): Promise<ConnectedPeer> {
  const { session, signIns } = await openSession(settings, clock)
  const client = new Client({ name: 'bench', version: '1.0.0' })
  await client.connect(sessionTransport(session))
  return { call: () => client.callTool({ name: 'ping' }), signIns }
}
