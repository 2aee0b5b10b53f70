import type { AccessRefused, ResourceServer, VerifiedAccessToken } from '@evergrant/resource-server'
import {
  authenticateRequest,
  refusalResponse,
  withDpopNonce,
} from '@evergrant/resource-server/fetch'
import type { McpHttpHandler } from '@modelcontextprotocol/server'
import { authInfoOf, createCallerIds, ownerOf } from '../access/caller.ts'
import { calledTools, operationName, requiredScopes } from '../access/operation-scopes.ts'
import type { Owner } from '../notes/notes-store.ts'
import type { StatsRecorder } from '../telemetry/stats.ts'
import type { Exchange } from './exchange.ts'
import { messageCount, readMessage } from './message.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { errorResponse, tooManyResponse } from './responses.ts'

/** What {@link createMessageGuard} is given. */
export interface MessageGuardOptions {
  readonly stats: StatsRecorder
  /** By caller: messages. */
  readonly callLimiter: RateLimiter
  /** By network: requests without a valid access token. */
  readonly refusalLimiter: RateLimiter
  /** Receives why a token could not be verified (S-18). */
  readonly observeUnverifiable: (cause: Error) => void
}

/**
 * Passes on the messages that their senders may send, and answers the others.
 *
 * @param handle - The MCP SDK.
 */
export function createMessageGuard(
  resourceServer: ResourceServer,
  handle: McpHttpHandler['fetch'],
  { stats, callLimiter, refusalLimiter, observeUnverifiable }: MessageGuardOptions,
): (request: Request, exchange: Exchange) => Promise<Response> {
  const callerIdOf = createCallerIds()

  function refuse(refusal: AccessRefused, exchange: Exchange): Response {
    exchange.reason = refusal.reason
    if (refusal.cause instanceof Error) observeUnverifiable(refusal.cause)
    // Not counted: an outage of the authorization server, a missing scope of a known caller, and the
    // first request of a client that needs a nonce.
    const isCounted = refusal.status === 400 || refusal.status === 401
    if (isCounted && refusal.error !== 'use_dpop_nonce') refusalLimiter.count(exchange.network)
    return refusalResponse(refusal)
  }

  async function answerCaller(
    request: Request,
    exchange: Exchange,
    { token, owner }: Caller,
  ): Promise<Response> {
    const caller = callerIdOf(owner)
    exchange.caller = caller
    const calledTooOften = callLimiter.blockedForSeconds(caller)
    if (calledTooOften !== undefined) return tooMany(exchange, 'too-many-requests', calledTooOften)
    const reading = await readMessage(request)
    if ('refused' in reading) {
      exchange.reason = 'message-invalid'
      return reading.refused
    }
    const { message } = reading
    exchange.operation = operationName(message)
    const seconds = callLimiter.count(caller, messageCount(message))
    if (seconds !== undefined) return tooMany(exchange, 'too-many-requests', seconds)
    // #region scopes
    const decision = resourceServer.decideScopes(token, requiredScopes(message))
    if (!decision.allowed) return refuse(decision, exchange)
    // The SDK gets the parsed message, so it handles exactly the message that was authorized.
    const authInfo = authInfoOf(token, owner)
    const response = await handle(request, { authInfo, parsedBody: message })
    // #endregion scopes
    for (const tool of calledTools(message)) stats.called(tool)
    return response
  }

  return async (request, exchange) => {
    const refusedTooOften = refusalLimiter.blockedForSeconds(exchange.network)
    if (refusedTooOften !== undefined) {
      return tooMany(exchange, 'too-many-refusals', refusedTooOften)
    }
    // #region authenticate
    // Verify the token first: the body of an unknown sender is not read.
    const authentication = await authenticateRequest(resourceServer, request)
    if (!authentication.authenticated) return refuse(authentication.refusal, exchange)
    const { token } = authentication
    const owner = ownerOf(token)
    // #endregion authenticate
    if (owner === undefined) {
      exchange.reason = 'nameless-caller'
      return errorResponse(
        403,
        'The access token names neither a user nor a client: it has no sub.',
      )
    }
    const response = await answerCaller(request, exchange, { token, owner })
    return withDpopNonce(response, authentication.dpopNonce)
  }
}

interface Caller {
  readonly token: VerifiedAccessToken
  readonly owner: Owner
}

function tooMany(
  exchange: Exchange,
  reason: 'too-many-requests' | 'too-many-refusals',
  seconds: number,
): Response {
  exchange.reason = reason
  return tooManyResponse(seconds)
}
