import { showRemote } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { ResourceServerError } from '../lib/errors.ts'
import { discoverEndpoint } from '../token/discover-endpoint.ts'
import { failureMemory, failurePauseSeconds } from '../token/failure-memory.ts'
import { unknown } from '../token/verification.ts'
import type { Verification, VerifyToken } from '../token/verification.ts'
import { assertIntrospection } from './options.ts'
import type { TokenIntrospection } from './options.ts'
import { readIntrospection } from './read-response.ts'
import type { IntrospectionExpectations } from './read-response.ts'
import { introspect, IntrospectionFailure } from './request.ts'
import type { IntrospectionEndpoint } from './request.ts'

/** How the tokens of one authorization server are introspected. */
export interface IntrospectionSetup {
  readonly issuer: string
  readonly introspection: TokenIntrospection
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly expectations: Pick<
    IntrospectionExpectations,
    'audiences' | 'scopeClaim' | 'clockToleranceSeconds'
  >
}

/** Requests with random tokens must not become as many requests to the authorization server. */
const maximumConcurrent = 64

/**
 * Verifies tokens by introspection. Only its answer ends or accepts a token. If there is no answer, nothing
 * is known about it (S-18).
 *
 * @throws {ResourceServerError} `OPTION_INVALID`, `AUTHORIZATION_SERVER_INVALID`, immediately.
 */
export function introspectTokens(setup: IntrospectionSetup): VerifyToken {
  const { issuer, introspection, clock } = setup
  assertIntrospection(introspection)
  const expectations: IntrospectionExpectations = {
    ...setup.expectations,
    issuer,
    absentAudience: introspection.absentAudience ?? 'refuse',
  }
  const { cacheSeconds = 30 } = introspection
  const failure = failureMemory(clock)
  let underWay = 0
  let endpoint: Promise<IntrospectionEndpoint> | undefined

  async function findEndpoint(): Promise<IntrospectionEndpoint> {
    const url =
      introspection.endpoint === undefined
        ? await discoverEndpoint(issuer, 'introspection_endpoint', setup.fetch)
        : new URL(introspection.endpoint)
    return { url, introspection, fetch: setup.fetch }
  }

  async function ask(token: string): Promise<Verification> {
    try {
      endpoint ??= findEndpoint()
      const found = await endpoint
      // The answer may be older than its arrival.
      const untilEpochSeconds = clock.nowEpochSeconds() + cacheSeconds
      const { members, length } = await introspect(found, token)
      failure.clear()
      const verification = readIntrospection(members, expectations, clock.nowEpochSeconds())
      return { ...limited(verification, untilEpochSeconds), claimsLength: length }
    } catch (error) {
      const unavailable = unavailability(issuer, error)
      if (!(error instanceof IntrospectionFailure) || error.isOutage) {
        failure.note(unavailable)
        // It may have moved.
        endpoint = undefined
      }
      return unknown(unavailable)
    }
  }

  return async (token) => {
    const recent = failure.recent()
    if (recent !== undefined) return unknown(unavailability(issuer, recent.error))
    if (underWay >= maximumConcurrent) return unknown(tooMany(issuer))
    underWay += 1
    try {
      return await ask(token)
    } finally {
      underWay -= 1
    }
  }
}

function limited({ verdict, validity }: Verification, untilEpochSeconds: number): Verification {
  if (validity === undefined) return { verdict }
  const until = Math.min(validity.untilEpochSeconds, untilEpochSeconds)
  return { verdict, validity: { ...validity, untilEpochSeconds: until } }
}

function unavailability(issuer: string, error: unknown): ResourceServerError {
  if (ResourceServerError.is(error)) return error
  const reason = error instanceof Error ? error.message : 'no answer'
  const retryAfterSeconds =
    error instanceof IntrospectionFailure ? error.retryAfterSeconds : undefined
  return new ResourceServerError(
    'INTROSPECTION_UNAVAILABLE',
    `An access token of ${showRemote(issuer)} cannot be introspected: ${reason}. This says nothing about ` +
      'the token. Answer 503, and let the client try again.',
    { retryAfterSeconds: retryAfterSeconds ?? failurePauseSeconds, cause: error },
  )
}

function tooMany(issuer: string): ResourceServerError {
  return new ResourceServerError(
    'INTROSPECTION_UNAVAILABLE',
    `An access token of ${showRemote(issuer)} cannot be introspected: ${maximumConcurrent} introspection ` +
      'requests are under way. Answer 503, and let the client try again.',
    { retryAfterSeconds: 1 },
  )
}
