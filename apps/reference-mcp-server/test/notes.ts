import { startScriptedAuthorizationServer } from '@evergrant/test-kit'
import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import * as z from 'zod'
import { startMcpServer } from '../src/index.ts'
import type { McpServerOptions, RunningMcpServer } from '../src/index.ts'

/** The MCP server with the authorization server whose tokens it accepts. */
export interface NotesSetup extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly server: RunningMcpServer
  token(scope: string, subject?: string): Promise<string>
  /** A connected client of the real SDK. It is closed with the setup. */
  connect(era: Era, accessToken: string): Promise<Client>
  /** Posts one JSON-RPC message without any SDK. */
  post(message: unknown, accessToken?: string): Promise<Response>
}

export type Era = '2025-11-25' | '2026-07-28'

export const eras: readonly Era[] = ['2025-11-25', '2026-07-28']

export async function startNotes(
  options: Omit<McpServerOptions, 'authorizationServer'> = {},
): Promise<NotesSetup> {
  const as = await startScriptedAuthorizationServer()
  const server = await startMcpServer({ ...options, authorizationServer: as.issuer })
  const clients: Client[] = []
  return {
    as,
    server,
    token: (scope, subject = 'alice') =>
      as.signAccessToken({ scope, subject, resource: server.resource }),
    async connect(era, accessToken) {
      const client = new Client(
        { name: 'test', version: '1.0.0' },
        { versionNegotiation: { mode: era === '2025-11-25' ? 'legacy' : { pin: era } } },
      )
      clients.push(client)
      await client.connect(
        new StreamableHTTPClientTransport(new URL(server.url), {
          requestInit: { headers: { authorization: `Bearer ${accessToken}` } },
        }),
      )
      return client
    },
    post: (message, accessToken) =>
      fetch(server.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
        },
        body: typeof message === 'string' ? message : JSON.stringify(message),
      }),
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.close()
      await server.close()
      await as.close()
    },
  }
}

/** A `tools/call` message. */
export function call(name: string, args: Readonly<Record<string, unknown>> = {}): unknown {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }
}

/** The structured content of a successful call. */
export async function callTool(
  client: Client,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { structuredContent, isError, content } = await client.callTool({ name, arguments: args })
  if (isError === true) throw new Error(`The tool ${name} failed: ${JSON.stringify(content)}`)
  return z.record(z.string(), z.unknown()).parse(structuredContent)
}

const noteInResult = z.object({
  id: z.string(),
  title: z.string(),
  uri: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  text: z.string().optional(),
})

export async function writeNote(
  client: Client,
  note: { readonly id?: string; readonly title: string; readonly text?: string },
): Promise<z.infer<typeof noteInResult>> {
  const { note: written } = await callTool(client, 'notes_write', { text: '', ...note })
  return noteInResult.parse(written)
}

export async function titlesOf(client: Client): Promise<readonly string[]> {
  const { notes } = await callTool(client, 'notes_list')
  return z
    .array(noteInResult)
    .parse(notes)
    .map(({ title }) => title)
}
