const longestWaitSeconds = 86_400

/** Options of {@link parseRetryAfter}. */
export interface ParseRetryAfterOptions {
  /** Needed to understand a date; without it a date counts as absent. */
  readonly nowEpochSeconds?: number | undefined
}

/**
 * Reads a `Retry-After` header: seconds to wait, never negative and at most one day; `undefined`
 * where it is absent or not understood.
 *
 * @see RFC 9110 §10.2.3 (seconds, or an HTTP date), §5.6.7 (the date)
 */
export function parseRetryAfter(
  value: string | null | undefined,
  options: ParseRetryAfterOptions = {},
): number | undefined {
  const text = value?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Math.min(Number(text), longestWaitSeconds)
  // Every form of HTTP date starts with the name of a day; Date.parse alone takes far more.
  if (options.nowEpochSeconds === undefined || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) {
    return undefined
  }
  // The asctime form has no zone, and means GMT all the same.
  const milliseconds = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  if (Number.isNaN(milliseconds)) return undefined
  const seconds = Math.ceil(milliseconds / 1000 - options.nowEpochSeconds)
  return Math.min(Math.max(seconds, 0), longestWaitSeconds)
}
