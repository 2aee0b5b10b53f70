import { randomUUID } from 'node:crypto'
import {
  isInitializeRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { createEventStore } from './event-store.ts'
import { buildSuiteServer } from './suite-server.ts'

/** The sessions of clients of 2025-11-25, in which a server sends requests to the client. */
export interface Sessions {
  fetch(request: Request, message: unknown): Promise<Response>
  close(): Promise<void>
}

/** Beyond it, the oldest session is closed. */
const maximumSessions = 100
const retryMilliseconds = 100

export function createSessions(): Sessions {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()

  async function start(): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      eventStore: createEventStore(),
      retryInterval: retryMilliseconds,
      async onsessioninitialized(id) {
        sessions.set(id, transport)
        const [oldest] = sessions
        if (sessions.size > maximumSessions && oldest !== undefined) await end(...oldest)
      },
      onsessionclosed: (id) => void sessions.delete(id),
    })
    await buildSuiteServer().connect(transport)
    return transport
  }

  async function end(id: string, transport: WebStandardStreamableHTTPServerTransport) {
    sessions.delete(id)
    await transport.close()
  }

  return {
    async fetch(request, message) {
      const id = request.headers.get('mcp-session-id')
      const transport =
        id === null && isInitializeRequest(message) ? await start() : sessions.get(id ?? '')
      if (transport !== undefined) {
        return await transport.handleRequest(request, { parsedBody: message })
      }
      const error = { code: -32_001, message: 'There is no such session. Send initialize.' }
      const status = id === null ? 400 : 404
      return Response.json({ jsonrpc: '2.0', error, id: null }, { status })
    },
    async close() {
      await Promise.all([...sessions].map(async ([id, transport]) => await end(id, transport)))
    },
  }
}
