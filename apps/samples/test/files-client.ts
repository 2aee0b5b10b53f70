import type { IncomingMessage, ServerResponse } from 'node:http'
import { startScriptedAuthorizationServer, startServer } from '@evergrant/test-kit'
import type { ScriptedAuthorizationServer } from '@evergrant/test-kit'

/** What `node:http` calls for every request. An Express app is one. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** A server of files, with its authorization server. */
export interface FilesScene extends AsyncDisposable {
  readonly as: ScriptedAuthorizationServer
  readonly resource: string
  /** Calls a tool, with a token that has a scope or without a token. */
  call(tool: string, scope?: string): Promise<Response>
  /** Sends a body. */
  post(body: string, scope?: string): Promise<Response>
}

/** Starts a server of files on loopback. */
export async function startFiles(
  create: (resource: string, authorizationServer: string) => Listener | Promise<Listener>,
): Promise<FilesScene> {
  const as = await startScriptedAuthorizationServer()
  let listener: Listener = (_request, response) => response.destroy()
  const server = await startServer((request, response) => void listener(request, response))
  const resource = `${server.url}/mcp`
  listener = await create(resource, as.issuer)
  async function post(body: string, scope?: string): Promise<Response> {
    const token = scope === undefined ? undefined : await as.signAccessToken({ scope, resource })
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-06-18',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    return await fetch(resource, { method: 'POST', headers, body })
  }

  return {
    as,
    resource,
    call: (tool, scope) => post(toolCall(tool), scope),
    post,
    async [Symbol.asyncDispose]() {
      await server.close()
      await as.close()
    },
  }
}

function toolCall(name: string): string {
  const params = { name, arguments: { text: 'Servus!' } }
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
}
