/**
 * A client on `@modelcontextprotocol/client` 2.x that stays signed in.
 *
 *     node --conditions=workspace:source src/client-sdk-v2.ts http://127.0.0.1:9500/mcp
 */
import process from 'node:process'
import { escapeInvisible } from '@evergrant/core'
import { openHost } from './host.ts'
// #region connect
import { createSession } from '@evergrant/client'
import type { SessionOptions } from '@evergrant/client'
import { sessionTransport } from '@evergrant/client/sdk-v2'
import { Client } from '@modelcontextprotocol/client'

export async function connect(
  url: string,
  host: Pick<SessionOptions, 'store' | 'signIn'>,
): Promise<Client> {
  const session = createSession(url, { ...host, client: { name: 'Sample' } })
  const client = new Client({ name: 'sample', version: '1.0.0' })
  await client.connect(sessionTransport(session))
  return client
}
// #endregion connect

if (import.meta.main) {
  const client = await connect(process.argv[2] ?? 'http://127.0.0.1:9500/mcp', await openHost())
  const { tools } = await client.listTools()
  // Text of a server must not control the terminal.
  process.stdout.write(`${escapeInvisible(tools.map((tool) => tool.name).join('\n'))}\n`)
  await client.close()
}
