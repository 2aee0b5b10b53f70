import { missingScopes, readScope } from './scope.ts'

/** What is known when a resource server answers `insufficient_scope`. */
export interface StepUpSituation {
  /** Step-ups already tried for this resource and operation, since one last succeeded. */
  readonly attempts: number
  /** The scope of the challenge. */
  readonly challengeScope: string | undefined
  /** The scope in force. */
  readonly grantedScope: string | undefined
}

/** Whether to send the user through authorization once more. */
export interface StepUpDecision {
  readonly action: 'authorize' | 'give-up'
  readonly reason:
    | 'scope-missing'
    | 'scope-not-named'
    | 'granted-but-refused'
    | 'attempts-exhausted'
    | 'still-refused-after-grant'
  /** What the grant does not hold of the challenge. */
  readonly missingScopes: readonly string[]
  /** The count to keep for the next decision. */
  readonly attempts: number
  readonly explanation: string
}

/** Options of {@link decideStepUp}. */
export interface DecideStepUpOptions {
  /** How often the user is asked for one operation. Default 2. */
  readonly maximumAttempts?: number | undefined
}

/**
 * Decides whether a step-up is worth asking the user for. It ends after a few attempts, and at
 * once where an attempt brought all that was challenged and the server still refuses.
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
      `The server still asks for more scope after ${attempts} sign-ins for this operation.`,
    )
  }
  if (challenged.length === 0) {
    return attempts === 0
      ? decided('authorize', 'scope-not-named', 'The server wants more scope and names none.')
      : decided('give-up', 'scope-not-named', 'The server still wants more scope and names none.')
  }
  if (missing.length > 0) {
    return decided(
      'authorize',
      'scope-missing',
      `The operation needs ${missing.join(' ')} as well.`,
    )
  }
  return attempts === 0
    ? decided(
        'authorize',
        'granted-but-refused',
        'The server refuses a scope that was granted; a new token may have it.',
      )
    : decided(
        'give-up',
        'still-refused-after-grant',
        'All that the server asks for was granted, and it still refuses: asking again is no use.',
      )
}
