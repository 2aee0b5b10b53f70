import type { ProtocolErrorCode } from '@evergrant/core'
import { parseRetryAfter, ProtocolError } from '@evergrant/core'
import type { Assumption } from '../lib/assumption.ts'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import type { EvergrantClientErrorCode } from '../lib/errors.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import type { HttpAnswer, HttpOptions } from './http.ts'
import { excerpt, getDocument } from './get-document.ts'
import { parseJson } from './http.ts'
import { asUnavailable } from './unavailable.ts'

/** A location of metadata without a usable document, and what was found there. */
export interface MetadataAttempt {
  readonly url: string
  readonly found: string
  /**
   * Whether a document was expected there: a challenge named the URL, or the answer was a success.
   * A 404 at a well-known URL is normal.
   */
  readonly isUnexpected: boolean
}

/** How metadata is read. */
export interface MetadataOptions extends HttpOptions {
  /** Default: the clock of this machine. */
  readonly clock?: Pick<Clock, 'nowEpochSeconds'> | undefined
}

/** Gets a document. Resolves with an answer of any status. */
export async function getMetadata(
  url: string,
  what: string,
  options: MetadataOptions,
): Promise<HttpAnswer> {
  try {
    return await getDocument(url, options)
  } catch (error) {
    throw asUnavailable(error, what)
  }
}

/** The error for a failing server, which has not said that the document does not exist. */
export function failureOf(
  url: string,
  what: string,
  answer: HttpAnswer,
  { clock = systemClock }: MetadataOptions,
): EvergrantClientError | undefined {
  if (answer.status < 500 && answer.status !== 429) return undefined
  const retryAfterSeconds = parseRetryAfter(answer.headers.get('retry-after'), {
    nowEpochSeconds: clock.nowEpochSeconds(),
  })
  const when = retryAfterSeconds === undefined ? 'later' : `in ${retryAfterSeconds} s`
  return new EvergrantClientError(
    'TEMPORARILY_UNAVAILABLE',
    `${what}: ${url} answered with ${excerpt(answer)}. Try again ${when}.`,
    { retryAfterSeconds },
  )
}

/** The JSON object of an answer, or `undefined` for anything else, such as HTML. */
export function readDocument(answer: HttpAnswer): Readonly<Record<string, unknown>> | undefined {
  if (answer.status !== 200) return undefined
  const document = parseJson(answer.text)
  return typeof document === 'object' && document !== null
    ? (document as Readonly<Record<string, unknown>>)
    : undefined
}

/** Notes an answer that holds no usable document. */
export function attemptOf(url: string, answer: HttpAnswer, problem?: string): MetadataAttempt {
  const detail = problem === undefined ? '' : `: ${problem}`
  return { url, found: `${excerpt(answer)}${detail}`, isUnexpected: answer.status === 200 }
}

/** What was found at each location, for an error message. */
export function describeAttempts(attempts: readonly MetadataAttempt[]): string {
  return attempts.map(({ url, found }) => `${url} (${found})`).join(', ')
}

/** The assumptions behind a document that was found after other locations were skipped. */
export function skippedDocuments(
  attempts: readonly MetadataAttempt[],
  used: string,
): readonly Assumption[] {
  return attempts
    .filter(({ isUnexpected }) => isUnexpected)
    .map(({ url, found }) => ({
      code: 'metadata-skipped',
      message: `The metadata at ${url} cannot be used (${found}). The document at ${used} was used instead.`,
    }))
}

const codes: Partial<Record<ProtocolErrorCode, EvergrantClientErrorCode>> = {
  ISSUER_MISMATCH: 'METADATA_MISMATCH',
  RESOURCE_MISMATCH: 'METADATA_MISMATCH',
  RESOURCE_TOO_WIDE: 'RESOURCE_TOO_WIDE',
}

/** Calls a rule of `core`, and translates its errors to the codes of this package. */
export function protocolCall<Value>(call: () => Value): Value {
  try {
    return call()
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    throw new EvergrantClientError(codes[error.code] ?? 'DISCOVERY_FAILED', error.message, {
      cause: error,
    })
  }
}
