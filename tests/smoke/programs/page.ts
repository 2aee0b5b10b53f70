/** Runs in a page: signs in with a window, and calls an MCP server. The callback page runs it too. */
import { authorizedFetch } from '@evergrant/client/fetch'
import { createBrowserSession, deliverResponse } from './browser-sign-in.ts'

const { searchParams, origin, pathname } = new URL(location.href)
const result = document.querySelector('output')

if (pathname === '/callback') {
  deliverResponse(location.href)
  window.close()
} else {
  document.querySelector('button')?.addEventListener('click', () => {
    call(searchParams.get('mcp') ?? '').then(show, show)
  })
}

async function call(mcpServer: string): Promise<string> {
  const session = createBrowserSession(mcpServer, `${origin}/callback`, (url) => {
    window.open(url, '_blank', 'popup')
  })
  const response = await authorizedFetch(session)(mcpServer, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  })
  const { hasRefreshToken } = await session.status()
  return `status ${response.status}, refresh token: ${String(hasRefreshToken)}`
}

function show(what: unknown): void {
  if (result !== null) result.textContent = String(what)
}
