import { cleanRemoteText } from '@evergrant/core'

/** One event of the structured log. Never holds a token, code, verifier, cookie or password. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly [field: string]: string | number | boolean | undefined
}

export type Log = (entry: LogEntry) => void

/** A log that cannot be written must not fail a request or end the process. */
export function withoutThrowing(log: Log): Log {
  return (entry) => {
    try {
      log(entry)
    } catch {
      // There is no other place to report it.
    }
  }
}

/** The message of an error, short enough for a log line. */
export function clippedMessage(error: unknown): string | undefined {
  return clip(error instanceof Error ? error.message : String(error))
}

/** Remote text, shortened and without characters that reorder or hide text. */
export function clip(value: unknown, maximumLength = 200): string | undefined {
  return cleanRemoteText(value, maximumLength)
}
