import { escapeInvisible } from '@evergrant/core'

/** One event. Never holds a token, the content of a note, or unfiltered remote text. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly [field: string]: string | number | undefined
}

export type Log = (entry: LogEntry) => void

/** A log that writes each event as one line of JSON, without characters that reorder or hide text. */
export function createJsonLog(write: (line: string) => void): Log {
  return ({ level, ...fields }) => {
    const line = JSON.stringify({ level, time: new Date().toISOString(), ...fields })
    write(`${escapeInvisible(line)}\n`)
  }
}

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
