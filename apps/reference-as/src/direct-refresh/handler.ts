import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerEvents } from '../telemetry/stats.ts'
import type { DirectRefresh } from './direct-refresh.ts'
import { readPlainForm } from './plain-form.ts'

/** Answers a request, or returns `false` and leaves it, with its body, to the engine. */
export type DirectRefreshHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<boolean>

export function createDirectRefreshHandler(
  refresh: DirectRefresh,
  events: Pick<ServerEvents, 'tokenRequest'>,
): DirectRefreshHandler {
  return async (request, response) => {
    if (request.method !== 'POST') return false
    const form = await readPlainForm(request)
    // The client left before it had sent the request.
    if (request.destroyed) return true
    const body = form === undefined ? undefined : await refreshOrLeave(refresh, form)
    if (body === undefined) return false
    events.tokenRequest('refresh_token', 'success')
    const text = JSON.stringify(body)
    response
      .writeHead(200, { ...engineHeaders, 'content-length': Buffer.byteLength(text) })
      .end(text)
    return true
  }
}

/** The headers with which the engine answers a token request that has no `Origin`. */
const engineHeaders = {
  vary: 'Origin',
  'cache-control': 'no-store',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate',
  'content-type': 'application/json; charset=utf-8',
} as const

async function refreshOrLeave(
  refresh: DirectRefresh,
  form: Parameters<DirectRefresh>[0],
): Promise<object | undefined> {
  try {
    return await refresh(form)
  } catch {
    // The engine meets the same failure, answers and reports it. If the exchange was stored and only
    // its answer was lost, the engine gives the same successor within the grace.
    return undefined
  }
}
