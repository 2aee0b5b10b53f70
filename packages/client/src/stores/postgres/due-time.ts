/** Longer than any token lives, and within the range of `timestamptz`: 300 years. */
const farSeconds = 300 * 365 * 86_400

/**
 * When a grant is due, as SQL over a row: the time that was set for its generation. A row that was
 * written without a time is due at once. The index of due grants has this expression, so queries use
 * it literally.
 */
export const dueTime = `(CASE WHEN due_for = generation THEN due_at ELSE '-infinity'::timestamptz END)`

/** The condition of the index. */
export const dueRows = `kind = 'grant'`

/** The time from now, as SQL. `seconds` is an expression of the type float8; NULL gives NULL. */
export function timeFromNow(seconds: string): string {
  return `CASE WHEN ${seconds} = 'Infinity' THEN 'infinity'::timestamptz ELSE clock_timestamp() + ${seconds} * interval '1 second' END`
}

/** A number of seconds as a parameter. */
export function secondsParameter(seconds: number): string {
  if (Number.isNaN(seconds)) return '0'
  return String(seconds > farSeconds ? Number.POSITIVE_INFINITY : Math.max(-farSeconds, seconds))
}
