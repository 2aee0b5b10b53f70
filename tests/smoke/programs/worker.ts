/**
 * Runs in workerd. It serves a protected resource (`/mcp`), and as a client signs in to an MCP server
 * and calls it, with tokens in memory (`/client`).
 */
import { createSession } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { headlessSignIn } from '@evergrant/client/headless'
import { memoryStore } from '@evergrant/client/stores/memory'
import { createResourceServer } from '@evergrant/resource-server'
import { protect } from '@evergrant/resource-server/fetch'

interface Bindings {
  readonly RESOURCE: string
  readonly ISSUER: string
  readonly MCP_SERVER: string
}

let guarded: ((request: Request) => Promise<Response>) | undefined

// workerd runs the default export of a module.
// oxlint-disable-next-line import/no-default-export
export default {
  async fetch(request: Request, { RESOURCE, ISSUER, MCP_SERVER }: Bindings): Promise<Response> {
    if (new URL(request.url).pathname === '/client') return await callAsClient(MCP_SERVER)
    guarded ??= protect(
      createResourceServer(RESOURCE, [ISSUER], { scopesSupported: ['mcp:read'] }),
      () => Promise.resolve(Response.json({ admitted: true })),
      { scopes: ['mcp:read'] },
    )
    return await guarded(request)
  },
}

async function callAsClient(url: string): Promise<Response> {
  const session = createSession(url, {
    store: memoryStore(),
    signIn: headlessSignIn(),
    client: { name: 'worker' },
  })
  const { refreshToken } = await session.signIn()
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const { status } = await authorizedFetch(session)(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify(ping),
  })
  return Response.json({ refreshToken, status })
}
