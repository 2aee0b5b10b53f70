import type { Task } from '../lib/timeline.ts'
import type { Tokens } from '../server/authorization-server.ts'
import type { World } from '../world/world.ts'
import type { ModeledClient } from './client-model.ts'

/**
 * The OAuth of the MCP SDKs, with the provider of their examples and one token file for all
 * processes.
 *
 * - Each call that gets a 401 refreshes for itself. Nothing is refreshed ahead.
 * - `invalid_grant` deletes the stored tokens, also if another call has just saved new ones, and the
 *   client tries once more with what is stored by then.
 * - A lost response or a status of 503 opens the authorization page.
 *
 * SDK 1.x also fails a call with a 401 while another call of the process has authorized and not been
 * answered yet.
 */
export function createSdkClient(version: 1 | 2, world: World): ModeledClient {
  const { timeline } = world
  let stored: Tokens | undefined = world.firstTokens
  const justAuthorized = new Set<number>()

  const isGood = (tokens: Tokens | undefined): boolean =>
    tokens !== undefined && timeline.now() < tokens.expiresAtEpochSeconds

  /** @returns Whether the MCP server accepted the token. */
  function* send(): Task<boolean> {
    const presented = stored
    const half = world.duration('callSeconds') / 2
    yield half
    const accepted = isGood(presented)
    yield half
    return accepted
  }

  function* authorize(process: number): Task<boolean> {
    for (const isLastAttempt of [false, true]) {
      yield world.duration('discoverySeconds')
      const refreshToken = stored?.refreshToken
      if (refreshToken === undefined) {
        world.openPage(process)
        return false
      }
      const answer = yield* world.refresh(process, refreshToken)
      if (answer.kind === 'tokens') {
        stored = answer.tokens
        return true
      }
      if (answer.kind !== 'refused') {
        world.openPage(process)
        return false
      }
      if (!isLastAttempt) stored = undefined
    }
    return false
  }

  return {
    isReady(process) {
      // A call that is sent now arrives before the token ends.
      if (!isGood(stored)) return false
      justAuthorized.delete(process)
      return true
    },
    *call(process) {
      if (yield* send()) {
        justAuthorized.delete(process)
        return
      }
      const isGivenUp = version === 1 && justAuthorized.has(process)
      if (!isGivenUp && (yield* authorize(process))) {
        justAuthorized.add(process)
        if (yield* send()) {
          justAuthorized.delete(process)
          return
        }
      }
      world.record('call-failed', process)
    },
    signedIn(tokens) {
      stored = tokens
    },
    killed(process) {
      justAuthorized.delete(process)
    },
    restarted(process) {
      justAuthorized.delete(process)
    },
  }
}
