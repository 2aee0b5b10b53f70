import type { BearerChallenge } from '@evergrant/core'
import { decideStepUp, formatScope } from '@evergrant/core'
import type { AccessToken } from '../grant/access-token.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Session } from './session-api.ts'
import { requestsScope } from './sign-in-coverage.ts'

/** A request that needs wider scope. */
export interface StepUpRequest {
  /** The key for counting step-ups (C-23). */
  readonly operation: string
  readonly signal: AbortSignal | undefined
}

/** Signs in for wider scope after a 403 `insufficient_scope`, a limited number of times. */
export interface StepUp {
  /**
   * Returns a token with wider scope.
   *
   * @throws EvergrantClientError `RESOURCE_REFUSED`, and the errors of {@link Session.signIn}
   */
  widen(
    request: StepUpRequest,
    token: AccessToken | undefined,
    challenge: BearerChallenge,
  ): Promise<AccessToken>
  /** Notes that an operation succeeded, so its sign-ins count from 0 again. */
  succeeded(operation: string): void
}

export function stepUp(session: Session, maximumStepUps: number | undefined): StepUp {
  /** Step-ups of each operation since it last succeeded. */
  const attempts = new Map<string, number>()
  /**
   * Step-ups that one request went through, also those of other callers. When one of many concurrent
   * requests gives up, the others must not start to count again.
   */
  const ofRequest = new WeakMap<StepUpRequest, number>()
  return {
    async widen(request, token, challenge) {
      const { operation, signal } = request
      const before = Math.max(attempts.get(operation) ?? 0, ofRequest.get(request) ?? 0)
      const decision = decideStepUp(
        {
          attempts: before,
          challengeScope: formatScope(challenge.scope ?? []),
          grantedScope: token?.scope,
        },
        { maximumAttempts: maximumStepUps },
      )
      if (decision.action === 'give-up') {
        attempts.delete(operation)
        throw new EvergrantClientError(
          'RESOURCE_REFUSED',
          `The MCP server ${session.serverUrl} refuses this operation because scope is missing. ${decision.explanation}`,
        )
      }
      const unusableAccessToken = token?.value
      const result = await session.signIn({ challenge, unusableAccessToken, signal })
      // A sign-in of another caller counts if it requested this scope: another request would be the same.
      const { outcome, requestedScope } = result
      const counts =
        outcome === 'signed-in' ||
        (requestedScope !== undefined && requestsScope(requestedScope, challenge))
      if (counts) {
        // An adopted sign-in was counted by the caller that started it. A slow request that adopts it
        // later must not count it a second time for the others.
        const own = (ofRequest.get(request) ?? 0) + 1
        const count = outcome === 'signed-in' ? decision.attempts : own
        attempts.set(operation, Math.max(attempts.get(operation) ?? 0, count))
        ofRequest.set(request, count)
      }
      return await session.getAccessToken({ rejectedAccessToken: unusableAccessToken, signal })
    },
    succeeded: (operation) => void attempts.delete(operation),
  }
}
