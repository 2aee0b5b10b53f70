import path from 'node:path'
import { freePort } from '@evergrant/test-kit'
import { signInThroughPages } from '../../browser.ts'
import type { Peer } from '../../peers/peer.ts'
import { resourceScope } from '../../peers/peer.ts'
import { sourceFolder } from '../cache.ts'
import { preparePython } from '../python.ts'
import { startServerProgram } from '../server-program.ts'

const name = 'python-server'

/** An MCP server of the Python SDK, which is its own authorization server. */
export async function preparePythonServer(): Promise<() => Promise<Peer>> {
  const python = await preparePython(name)
  return async () => {
    const program = path.join(sourceFolder(name), 'server.py')
    const server = await startServerProgram([python, program, `${await freePort()}`, resourceScope])
    const url = String(server.ready['url'])
    return {
      resource: {
        url,
        async rejectToken(accessToken) {
          await fetch(new URL('/reject', url), { method: 'POST', body: accessToken })
        },
      },
      // Its own resource answers only MCP.
      call: {
        method: 'POST',
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
      },
      signIn: signInThroughPages(),
      close: () => server.close(),
    }
  }
}
