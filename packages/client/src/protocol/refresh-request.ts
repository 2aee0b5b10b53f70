import type { TokenErrorDecision } from '@evergrant/core'
import { formatScope, offlineAccess, readScope, uniteScopes } from '@evergrant/core'
import type { Grant } from '../grant/grant.ts'
import type { ExchangeResult } from '../grant/refresh-exchange.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import { authenticateClient } from './client-authentication.ts'
import { boundedFetch, followingRedirects, NoAnswerError, systemCodeOf } from './http.ts'
import { describeDecision, readTokens } from './token-answer.ts'
import type { TokenAnswer, TokenRequestOptions } from './token-endpoint.ts'
import { extraParameters, requestTokens } from './token-endpoint.ts'

/**
 * Sends one refresh request (RFC 6749 §6) with the `resource` of the grant (C-34), and classifies
 * its failures (C-53). It sends no `scope`, which leaves the scope unchanged (C-03, C-24), unless
 * the profile of the provider requires it.
 */
export async function refreshRequest(
  grant: Grant,
  options: TokenRequestOptions,
): Promise<ExchangeResult> {
  const refreshToken = grant.tokenSet?.refreshToken
  if (refreshToken === undefined) {
    throw new EvergrantClientError('INVALID_OPTION', 'The grant has no refresh token to send.')
  }
  let answer: TokenAnswer
  try {
    answer = await requestTokens(options, grant.dpopKey, 'refresh', [refreshToken], async () =>
      sendRefresh(grant, refreshToken, options),
    )
  } catch (error) {
    if (isNotLoaded(error)) {
      return { kind: 'failed', outcome: 'transient', detail: error.message, answered: false }
    }
    if (!(error instanceof NoAnswerError)) throw error
    return {
      kind: 'failed',
      outcome: 'transient',
      detail: error.message,
      answered: false,
      endpointMissing: systemCodeOf(error.cause) === 'ENOTFOUND',
    }
  }
  if ('body' in answer) {
    try {
      return { kind: 'tokens', response: readTokens(answer.body) }
    } catch (error) {
      if (!EvergrantClientError.is(error)) throw error
      const type = answer.contentType ?? 'none'
      return {
        kind: 'failed',
        outcome: 'transient',
        detail: `${error.message} The answer had status ${answer.status} and the content type ${quote(type, 60)}`,
        ...unreadable,
      }
    }
  }
  return failedResult(answer.decision, answer.status)
}

/**
 * Sends the request without oauth4webapi, which every other request uses: it is a quarter of what a
 * program that only refreshes would load (ADR 28).
 */
async function sendRefresh(
  grant: Grant,
  refreshToken: string,
  options: TokenRequestOptions,
): Promise<Response> {
  const { authorizationServer, registration, profile, dpop } = options
  const scope = profile.refreshScope === 'granted' ? repeatedScope(grant) : undefined
  const body = new URLSearchParams(extraParameters(options, grant.identity.resource, scope))
  body.set('refresh_token', refreshToken)
  body.set('grant_type', 'refresh_token')
  const headers = new Headers({
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
  })
  authenticateClient(registration, body, headers)
  const send = followingRedirects(boundedFetch(options))
  const { token_endpoint: url } = authorizationServer
  const init = { method: 'POST', headers, body }
  return grant.dpopKey === undefined || dpop === undefined
    ? await send(url, init)
    : await dpop.send(grant.dpopKey, undefined, url, init, send)
}

/** What makes proofs could not be loaded. The refresh token was not sent. */
function isNotLoaded(error: unknown): error is EvergrantClientError {
  return EvergrantClientError.is(error) && error.code === 'TEMPORARILY_UNAVAILABLE'
}

/**
 * The granted scope. `offline_access` is part of it if the client requested it: servers leave it out
 * of the granted scope, and without it some return no further refresh token.
 */
function repeatedScope({ tokenSet, requestedScope }: Grant): string | undefined {
  if (tokenSet?.scope === undefined) return undefined
  const granted = readScope(tokenSet.scope).tokens
  const requested = readScope(requestedScope).tokens
  return formatScope(
    requested.includes(offlineAccess) ? uniteScopes(granted, [offlineAccess]) : granted,
  )
}

/** The server may have rotated the refresh token, although its answer is unreadable. */
const unreadable = { answered: false, unreadable: true } as const

function failedResult(decision: TokenErrorDecision, status: number): ExchangeResult {
  return {
    kind: 'failed',
    // The server requires a nonce that it was given, or a proof that the client cannot make: the
    // configuration is wrong.
    outcome: decision.outcome === 'use-dpop-nonce' ? 'request-refused' : decision.outcome,
    detail: describeDecision(decision),
    oauthError: decision.oauthError,
    retryAfterSeconds: decision.outcome === 'transient' ? decision.retryAfterSeconds : undefined,
    unexplained: decision.reason === 'empty-bad-request',
    answered: !mayComeFromProxy(decision, status),
    ...(decision.reason === 'unreadable-success' ? unreadable : {}),
    endpointMissing: !endsGrant(decision) && isEndpointMissing(status),
  }
}

/** Only a token endpoint answers with these errors. The status may differ. */
function endsGrant({ outcome }: TokenErrorDecision): boolean {
  return outcome === 'grant-ended' || outcome === 'registration-ended'
}

/**
 * Whether the answer may come from a proxy, or from a server that failed after it rotated the
 * refresh token. An answer with `Retry-After` is deliberate.
 */
function mayComeFromProxy(decision: TokenErrorDecision, status: number): boolean {
  return (
    decision.outcome === 'transient' &&
    decision.retryAfterSeconds === undefined &&
    (status === 500 || status === 502 || status === 504)
  )
}

/** How web servers answer at a URL that is no longer used. The bodies differ. */
function isEndpointMissing(status: number): boolean {
  return status === 404 || status === 405 || status === 410 || (status >= 300 && status < 400)
}
