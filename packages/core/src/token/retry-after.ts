const maximumWaitSeconds = 86_400

/** Options of {@link parseRetryAfter}. */
export interface ParseRetryAfterOptions {
  /** Required to read a date. Without it, a date counts as absent. */
  readonly nowEpochSeconds?: number | undefined
}

/**
 * Parses a `Retry-After` header. Returns the seconds to wait, from 0 to one day, or `undefined` if it
 * is absent or invalid.
 *
 * @see RFC 9110 §10.2.3 (seconds, or an HTTP date), §5.6.7 (the date)
 */
export function parseRetryAfter(
  value: string | null | undefined,
  options: ParseRetryAfterOptions = {},
): number | undefined {
  const text = value?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Math.min(Number(text), maximumWaitSeconds)
  // Every form of HTTP date starts with a day name. Date.parse accepts far more.
  if (options.nowEpochSeconds === undefined || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) {
    return undefined
  }
  // The asctime form has no zone, but means GMT.
  const milliseconds = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  if (Number.isNaN(milliseconds)) return undefined
  const seconds = Math.ceil(milliseconds / 1000 - options.nowEpochSeconds)
  return Math.min(Math.max(seconds, 0), maximumWaitSeconds)
}
