import type { IncomingMessage, ServerResponse } from 'node:http'
import { busyPage, messagePage, refusedRequestPage } from '../pages/message-pages.ts'
import type { DirectRefreshHandler } from '../direct-refresh/handler.ts'
import type { RequestHandler } from '../pages/page-dependencies.ts'
import type { Store } from '../store/store.ts'
import { clip, clippedMessage } from '../telemetry/log.ts'
import type { Log } from '../telemetry/log.ts'
import { oversized } from './authorization-request.ts'
import { redirectPostedAuthorization } from './posted-authorization.ts'
import type { RateLimits } from './rate-limits.ts'
import { sendJson, sendPageTo } from './responses.ts'

/** The handlers behind the checks that every request passes. */
export interface Routes {
  readonly interact: RequestHandler
  readonly account: RequestHandler
  /** Refreshes that succeed and need nothing of the engine. */
  readonly directRefresh: DirectRefreshHandler | undefined
  /** Everything else. */
  readonly engine: RequestHandler
}

export interface RequestHandlerDependencies {
  readonly issuer: URL
  readonly store: Store
  readonly limits: RateLimits
  readonly log: Log
  /** The current routes. They change when the signing keys change. */
  readonly routes: () => Routes
}

/** Answers every request. Never rejects. */
export function createRequestHandler(dependencies: RequestHandlerDependencies): RequestHandler {
  const { log } = dependencies
  return async (request, response) => {
    const path = pathOf(request)
    try {
      if (!(await answersBefore(dependencies, request, response))) {
        await route(dependencies, request, response)
      }
    } catch (error) {
      const detail = clippedMessage(error)
      log({ level: 'error', event: 'server_error', path: clip(path), detail })
      if (response.headersSent) response.destroy()
      else sendPageTo(response, 500, failurePage)
    }
  }
}

const failurePage = messagePage(
  'Something went wrong',
  'This server could not answer. Nothing was changed. Try again in a moment.',
)

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/'
}

async function route(
  { issuer, routes }: RequestHandlerDependencies,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = pathOf(request)
  delete request.headers['x-forwarded-host']
  request.headers['x-forwarded-proto'] = issuer.protocol.slice(0, -1)
  const { interact, account, directRefresh, engine } = routes()
  if (path.startsWith('/interaction/')) await interact(request, response)
  else if (path === '/account') await account(request, response)
  else if (path !== '/token' || (await directRefresh?.(request, response)) !== true) {
    await engine(request, response)
  }
}

/** Answers a health check, and requests that must not reach the engine. */
async function answersBefore(
  { issuer, store, limits, log }: RequestHandlerDependencies,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const path = pathOf(request)
  if (path === '/healthz') {
    await health(response, store, log)
    return true
  }
  // The engine builds URLs from the Host header. Any other name would put foreign URLs into cached
  // metadata, and DNS rebinding reaches a loopback server under another name.
  if (request.headers.host !== issuer.host) {
    return refuse(response, 421, `this server answers requests for ${issuer.host} only`)
  }
  if (!isCanonical(path)) {
    return refuse(response, 404, 'no such path; paths are compared exactly')
  }
  const retryAfterSeconds = await limits.endpoint(request, response, path)
  if (retryAfterSeconds !== undefined) {
    log({ level: 'warn', event: 'request.limited', path: clip(path) })
    response.setHeader('retry-after', retryAfterSeconds)
    if (request.method === 'POST' && path !== '/auth' && path !== '/device') {
      // The script of a page must see when to try again. The response contains nothing else.
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('access-control-expose-headers', 'Retry-After')
      sendJson(response, 429, {
        error: 'temporarily_unavailable',
        error_description: 'too many requests of this kind, try again later',
      })
    } else {
      sendPageTo(response, 429, busyPage(retryAfterSeconds))
    }
    return true
  }
  const tooLarge = oversized(path, (request.url ?? '').slice(path.length + 1))
  if (tooLarge !== undefined) {
    log({ level: 'warn', event: 'request.too_large', path: clip(path), detail: tooLarge.detail })
    sendPageTo(response, tooLarge.status, refusedRequestPage(tooLarge.detail))
    return true
  }
  if (path === '/auth' && request.method === 'POST') {
    await redirectPostedAuthorization(request, response, path)
    return true
  }
  return false
}

function refuse(response: ServerResponse, status: number, description: string): true {
  sendJson(response, status, { error: 'invalid_request', error_description: description })
  return true
}

/** Paths that end with an identifier. All others are lower case. */
const identified = /^\/(?:auth|device|interaction)\/[\w-]+$/

/**
 * The engine treats `/Token`, `/token/`, `/token#x` and `http://host/token` as `/token`. Checks before
 * it, such as rate limits, compare paths exactly, so only one spelling may pass.
 */
function isCanonical(path: string): boolean {
  return identified.test(path) || /^\/$|^(?:\/[a-z\d._~-]+)+$/.test(path)
}

async function health(response: ServerResponse, store: Store, log: Log): Promise<void> {
  try {
    await store.check()
    sendJson(response, 200, { status: 'ok' })
  } catch (error) {
    log({ level: 'error', event: 'store.unavailable', detail: clippedMessage(error) })
    sendJson(response, 503, { status: 'store unavailable' })
  }
}
