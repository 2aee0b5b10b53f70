import { missingScopes, readScope } from './scope.ts'

/** The situation when a resource server answers `insufficient_scope`. */
export interface StepUpSituation {
  /** Step-ups tried for this resource and operation since the last successful one. */
  readonly attempts: number
  /** The scope of the challenge. */
  readonly challengeScope: string | undefined
  /** The granted scope. */
  readonly grantedScope: string | undefined
}

/** Whether to send the user through authorization again, and why. */
export interface StepUpDecision {
  readonly action: 'authorize' | 'give-up'
  readonly reason:
    | 'scope-missing'
    | 'scope-not-named'
    | 'granted-but-refused'
    | 'attempts-exhausted'
    | 'still-refused-after-grant'
  /** Scopes of the challenge that the grant does not have. */
  readonly missingScopes: readonly string[]
  /** The count to pass to the next decision. */
  readonly attempts: number
  readonly explanation: string
}

/** Options of {@link decideStepUp}. */
export interface DecideStepUpOptions {
  /** How often to prompt the user for one operation. Default 2. */
  readonly maximumAttempts?: number | undefined
}

/**
 * Decides whether to prompt the user for a step-up. Gives up after a few attempts, or immediately
 * if all challenged scopes are granted after an attempt and the server still refuses.
 *
 * @see MCP 2026-07-28 Step-Up Authorization Flow
 */
export function decideStepUp(
  situation: StepUpSituation,
  options: DecideStepUpOptions = {},
): StepUpDecision {
  const challenged = readScope(situation.challengeScope).tokens
  const missing = missingScopes(challenged, readScope(situation.grantedScope).tokens)
  const { attempts } = situation
  const decided = (
    action: StepUpDecision['action'],
    reason: StepUpDecision['reason'],
    explanation: string,
  ): StepUpDecision => ({
    action,
    reason,
    missingScopes: missing,
    attempts: action === 'authorize' ? attempts + 1 : attempts,
    explanation,
  })
  if (attempts >= (options.maximumAttempts ?? 2)) {
    return decided(
      'give-up',
      'attempts-exhausted',
      `The server still requires more scope after ${attempts} sign-ins for this operation.`,
    )
  }
  if (challenged.length === 0) {
    return attempts === 0
      ? decided('authorize', 'scope-not-named', 'The server requires more scope, but names none.')
      : decided(
          'give-up',
          'scope-not-named',
          'The server still requires more scope, but names none.',
        )
  }
  if (missing.length > 0) {
    return decided(
      'authorize',
      'scope-missing',
      `The operation also requires ${missing.join(' ')}.`,
    )
  }
  return attempts === 0
    ? decided(
        'authorize',
        'granted-but-refused',
        'The server refuses the token although the scope was granted. A new token may work.',
      )
    : decided(
        'give-up',
        'still-refused-after-grant',
        'The server refuses the token although all required scope was granted.',
      )
}
