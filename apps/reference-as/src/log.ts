/** One line of the structured log. Never holds a token, code, verifier, cookie or password. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly [field: string]: string | number | boolean | undefined
}

export type Log = (entry: LogEntry) => void

/** What an error says, short enough for a log line. */
export function clippedMessage(error: unknown): string | undefined {
  return clip(error instanceof Error ? error.message : String(error))
}

/** Text that came from outside, short enough for a log line. */
export function clip(value: unknown, maximumLength = 200): string | undefined {
  if (typeof value !== 'string') return undefined
  return value.length > maximumLength ? `${value.slice(0, maximumLength)}…` : value
}
