import { EvergrantClientError } from '../lib/errors.ts'
import { NoAnswerError } from './http.ts'

/** Translates a {@link NoAnswerError} to the error of this package. */
export function asUnavailable(error: unknown, what: string): unknown {
  if (!(error instanceof NoAnswerError)) return error
  if (error.reason === 'refused-here') {
    return new EvergrantClientError('EGRESS_REFUSED', `${what}. ${error.message}`, { cause: error })
  }
  return new EvergrantClientError(
    'TEMPORARILY_UNAVAILABLE',
    `${what}: ${error.message}. Check the network and the URL, then try again.`,
    { cause: error },
  )
}
