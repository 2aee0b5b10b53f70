import type { TokenErrorDecision } from '@evergrant/core'
import { formatScope, offlineAccess, readScope, uniteScopes } from '@evergrant/core'
import * as oauth from 'oauth4webapi'
import type { Grant } from '../grant/grant.ts'
import type { ExchangeResult } from '../grant/refresh-exchange.ts'
import { EvergrantClientError, quote } from '../lib/errors.ts'
import { clientAuthentication } from './client-authentication.ts'
import { NoAnswerError, systemCodeOf } from './http.ts'
import { describeDecision, readTokens } from './token-answer.ts'
import type { TokenAnswer, TokenRequestOptions } from './token-endpoint.ts'
import { oauthClient, oauthServer, requestTokens, tokenRequestOptions } from './token-endpoint.ts'

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
  const scope = options.profile.refreshScope === 'granted' ? repeatedScope(grant) : undefined
  let answer: TokenAnswer
  try {
    answer = await requestTokens(options, grant.dpopKey, 'refresh', [refreshToken], async (dpop) =>
      oauth.refreshTokenGrantRequest(
        oauthServer(options),
        oauthClient(options),
        clientAuthentication(options.registration),
        refreshToken,
        { ...tokenRequestOptions(options, grant.identity.resource, scope), ...dpop },
      ),
    )
  } catch (error) {
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
