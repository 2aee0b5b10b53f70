/**
 * A gateway: calls MCP servers for its users, who sign in with their own browsers.
 *
 * `pnpm follow-guides` runs it over PostgreSQL and over Redis.
 */
// #region program
import { createServer } from 'node:http'
import process from 'node:process'
import { createSession, EvergrantClientError, findSignIn } from '@evergrant/client'
import type { Session } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'
import { openStore } from './store.ts'

const [mcpServerUrl = 'http://127.0.0.1:9500/mcp', port = '8080'] = process.argv.slice(2)
const origin = `http://127.0.0.1:${port}`
const { store } = await openStore()

/** One session for each user and MCP server. Tokens of one partition are never sent for another. */
function sessionOf(userId: string, serverUrl = mcpServerUrl): Session {
  return createSession(serverUrl, {
    store,
    partition: userId,
    client: { name: 'Example gateway' },
    signIn: { kind: 'redirect', redirectUri: `${origin}/oauth/callback` },
  })
}

/** Lists the tools for a user, or says where the user must sign in. */
async function listTools(userId: string): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  try {
    const send = authorizedFetch(sessionOf(userId))
    const { status } = await send(mcpServerUrl, { method: 'POST', headers, body })
    return Response.json({ user: userId, mcpServer: status })
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.authorizationUrl === undefined) throw error
    return Response.json({ user: userId, signIn: error.authorizationUrl }, { status: 401 })
  }
}

/** The response of the authorization server, on any machine over the same store. */
async function finishSignIn(userId: string, callbackUrl: string): Promise<Response> {
  const signIn = await findSignIn(store, callbackUrl)
  // Otherwise, a callback that another user started would give this user that user's account.
  if (signIn?.partition !== userId) return new Response('Start again.\n', { status: 400 })
  try {
    await sessionOf(userId, signIn.serverUrl).completeSignIn(callbackUrl)
  } catch (error) {
    if (!EvergrantClientError.is(error) || error.authorizationUrl === undefined) throw error
    // The server refused the request, for example offline_access. Another one can help.
    return Response.redirect(error.authorizationUrl)
  }
  return new Response('You are signed in. Close this page.\n')
}

/** Replace it by the sign-in of your gateway. */
function currentUser(cookie = ''): string {
  return /\buser=(?<name>\w+)/.exec(cookie)?.groups?.['name'] ?? 'alice'
}

createServer((request, response) => {
  async function answer(): Promise<void> {
    const { pathname, href } = new URL(request.url ?? '/', origin)
    const user = currentUser(request.headers.cookie)
    const isCallback = pathname === '/oauth/callback'
    const result = await (isCallback ? finishSignIn(user, href) : listTools(user))
    response.writeHead(result.status, Object.fromEntries(result.headers))
    response.end(await result.text())
  }
  answer().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    response.writeHead(502).end()
  })
}).listen(Number(port), '127.0.0.1', () => process.stdout.write(`Gateway: ${origin}\n`))
// #endregion program
