import { limits } from '../observations/limits.ts'
import type { Exchange } from '../observations/observations.ts'
import type { ProbeContext } from './probe-context.ts'
import { request } from './request.ts'
import type { RequestPlan } from './request.ts'
import { inventedToken, softwareId } from '../lib/names.ts'

const jsonHeaders = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
}

/** The version that servers of both protocol eras know. */
const protocolVersion = '2025-06-18'

/** The first request of a client. */
export function initializeRequest(url: string): Omit<RequestPlan, 'purpose'> {
  return {
    url,
    method: 'POST',
    headers: jsonHeaders,
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion,
        capabilities: {},
        clientInfo: { name: softwareId, version: '1' },
      },
    }),
  }
}

/** A request whose result some servers protect although they answer `initialize` to everyone. */
function toolsListRequest(url: string): Omit<RequestPlan, 'purpose'> {
  return {
    url,
    method: 'POST',
    headers: { ...jsonHeaders, 'mcp-protocol-version': protocolVersion },
    body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} }),
  }
}

/** Observes how the MCP server answers without a token, and with an invalid one. */
export async function probeMcpServer(
  serverUrl: string,
  context: ProbeContext,
): Promise<{ readonly challenged: Exchange | undefined; readonly isReachable: boolean }> {
  let session: string | undefined
  const first = await request(
    {
      purpose: 'unauthenticated-request',
      ...initializeRequest(serverUrl),
      onHeaders: (headers) => (session = headers.get('mcp-session-id') ?? undefined),
    },
    context,
  )
  const status = first.answer?.status
  if (status === undefined) return { challenged: undefined, isReachable: false }
  let challenged = status === 401 ? first : undefined
  if (status === 404 || status === 405 || status === 400 || status === 406) {
    const stream = await request(
      {
        purpose: 'stream-request',
        url: serverUrl,
        headers: { accept: 'text/event-stream' },
        withoutBody: true,
      },
      context,
    )
    if (stream.answer?.status === 401) challenged = stream
  } else if (status >= 200 && status < 300) {
    const list = await request(
      { purpose: 'unauthenticated-tools-list', ...inSession(toolsListRequest(serverUrl), session) },
      context,
    )
    if (list.answer?.status === 401) challenged = list
    if (session !== undefined) await endSession(serverUrl, session, context)
  }
  if (challenged !== undefined) await probeInvalidToken(serverUrl, challenged, context)
  return { challenged, isReachable: true }
}

/** The same request in a session. Servers with sessions refuse it otherwise. */
function inSession(
  plan: Omit<RequestPlan, 'purpose'>,
  session: string | undefined,
): Omit<RequestPlan, 'purpose'> {
  return session === undefined
    ? plan
    : { ...plan, secretHeaders: { 'mcp-session-id': session.slice(0, limits.headerCharacters) } }
}

/** The session was opened by the check only. */
async function endSession(url: string, session: string, context: ProbeContext): Promise<void> {
  await request(
    {
      purpose: 'end-of-session',
      ...inSession({ url, method: 'DELETE', withoutBody: true }, session),
    },
    context,
  )
}

async function probeInvalidToken(
  serverUrl: string,
  challenged: Exchange,
  context: ProbeContext,
): Promise<void> {
  const purpose = 'invalid-token-request'
  const authorization = `Bearer ${inventedToken}`
  if (challenged.method === 'GET') {
    const headers = { accept: 'text/event-stream', authorization }
    await request({ purpose, url: serverUrl, headers, withoutBody: true }, context)
    return
  }
  const plan =
    challenged.purpose === 'unauthenticated-tools-list'
      ? toolsListRequest(serverUrl)
      : initializeRequest(serverUrl)
  await request({ purpose, ...plan, headers: { ...plan.headers, authorization } }, context)
}
