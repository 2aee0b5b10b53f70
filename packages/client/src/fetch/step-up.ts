import type { BearerChallenge } from '@evergrant/core'
import { decideStepUp, formatScope } from '@evergrant/core'
import type { AccessToken } from '../grant/access-token.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { Session } from '../session/session-api.ts'
import type { ReplayableRequest } from './replayable-request.ts'

/** Signs in for wider scope after a 403 `insufficient_scope`, a limited number of times. */
export interface StepUp {
  /**
   * Returns a token with wider scope.
   *
   * @throws EvergrantClientError `RESOURCE_REFUSED`, and the errors of {@link Session.signIn}
   */
  widen(
    request: ReplayableRequest,
    token: AccessToken | undefined,
    challenge: BearerChallenge,
  ): Promise<AccessToken>
  /** Notes that an operation succeeded, so its sign-ins count from 0 again. */
  succeeded(operation: string): void
}

export function stepUp(session: Session, maximumStepUps: number | undefined): StepUp {
  /** Step-ups of each operation since it last succeeded. */
  const attempts = new Map<string, number>()
  return {
    async widen({ operation, signal }, token, challenge) {
      const decision = decideStepUp(
        {
          attempts: attempts.get(operation) ?? 0,
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
      const { outcome } = await session.signIn({ challenge, unusableAccessToken, signal })
      // Only sign-ins count, not the calls that waited for one.
      if (outcome === 'signed-in') attempts.set(operation, decision.attempts)
      return await session.getAccessToken({ rejectedAccessToken: unusableAccessToken, signal })
    },
    succeeded: (operation) => void attempts.delete(operation),
  }
}
