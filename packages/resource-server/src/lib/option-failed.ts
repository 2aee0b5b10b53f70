import { ResourceServerError } from './errors.ts'

/** The error for a function of the options that threw or rejected. */
export function optionFailed(option: string, cause: unknown): ResourceServerError {
  const reason = cause instanceof Error ? cause.message : 'no reason'
  return new ResourceServerError(
    'OPTION_FAILED',
    `The option ${option} failed: ${reason}. This says nothing about the token. Answer 503, and correct it.`,
    { cause },
  )
}
