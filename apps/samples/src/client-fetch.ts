/**
 * An MCP client without an SDK: a `fetch` that stays signed in.
 *
 *     node --conditions=workspace:source src/client-fetch.ts http://127.0.0.1:9500/mcp
 */
import process from 'node:process'
import { escapeInvisible } from '@evergrant/core'
import { z } from 'zod'
import { openHost } from './host.ts'
// #region connect
import { createSession } from '@evergrant/client'
import type { SessionOptions } from '@evergrant/client'
import { authorizedFetch } from '@evergrant/client/fetch'

export function connect(url: string, host: Pick<SessionOptions, 'store' | 'signIn'>): typeof fetch {
  const session = createSession(url, { ...host, client: { name: 'Sample' } })
  return authorizedFetch(session)
}
// #endregion connect

const toolList = z.object({
  result: z.object({ tools: z.array(z.object({ name: z.string() })) }),
})

/** Returns the names of a server's tools, with one JSON-RPC request of MCP 2025-11-25. */
export async function toolNames(
  serverUrl: string,
  authorized: typeof fetch,
): Promise<readonly string[]> {
  const response = await authorized(serverUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  const body = await response.text()
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const message = isStream ? body.slice(body.indexOf('data:') + 'data:'.length) : body
  return toolList.parse(JSON.parse(message)).result.tools.map((tool) => tool.name)
}

if (import.meta.main) {
  const serverUrl = process.argv[2] ?? 'http://127.0.0.1:9500/mcp'
  const tools = await toolNames(serverUrl, connect(serverUrl, await openHost()))
  // Text of a server must not control the terminal.
  process.stdout.write(`${escapeInvisible(tools.join('\n'))}\n`)
}
