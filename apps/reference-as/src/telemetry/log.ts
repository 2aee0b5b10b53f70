import { cleanRemoteText, escapeInvisible } from '@evergrant/core'

/** One line of the structured log. Never holds a token, code, verifier, cookie or password. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly [field: string]: string | number | boolean | undefined
}

export type Log = (entry: LogEntry) => void

/** A log that cannot be written takes neither a request nor the process with it. */
export function withoutThrowing(log: Log): Log {
  return (entry) => {
    try {
      log(entry)
    } catch {
      // There is nowhere left to say so.
    }
  }
}

/** What an error says, short enough for a log line. */
export function clippedMessage(error: unknown): string | undefined {
  return clip(error instanceof Error ? error.message : String(error))
}

/** Text that came from outside, without characters that reorder or hide text, cut short. */
export function clip(value: unknown, maximumLength = 200): string | undefined {
  return cleanRemoteText(value, maximumLength)
}

/**
 * A log entry as one line for a terminal or a file. JSON leaves C1 controls, marks that reorder or
 * hide text and line separators as they are; here they are escaped in every field.
 */
export function logLine(entry: LogEntry): string {
  return `${escapeInvisible(JSON.stringify({ time: new Date().toISOString(), ...entry }))}\n`
}
