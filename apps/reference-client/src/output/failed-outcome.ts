import type { CommandOutcome, ExitCode } from '../lib/environment.ts'
import { commandName } from '../names.ts'

/** A failure that a user or a program can act on. */
export interface Failure {
  readonly exitCode: ExitCode
  readonly code: string
  readonly message: string
  /** With `SIGN_IN_REQUIRED`: why. */
  readonly signInReason?: string
  readonly retryAfterSeconds?: number
  /** RFC 6749 §5.2 `error`, when the authorization server sent one. */
  readonly oauthError?: string
  /** The command to run next. */
  readonly command?: string
}

/** The outcome of a command that failed. `more` is added to the document. */
export function failedOutcome(
  failure: Failure,
  more: Readonly<Record<string, unknown>> = {},
): CommandOutcome {
  const { exitCode, ...error } = failure
  const { message, command } = failure
  const advice = `${commandName}: ${message}\n${command === undefined ? '' : `Run: ${command}\n`}`
  return { exitCode, document: { error, ...more }, text: '', advice }
}
