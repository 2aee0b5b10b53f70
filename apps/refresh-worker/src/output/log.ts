import { escapeInvisible } from '@evergrant/core'
import type { LogFormat } from '../settings/worker-settings.ts'

/** One event of the log. Never holds a token, key, password or secret. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly [field: string]: string | number | boolean | undefined
}

export type Log = (entry: LogEntry) => void

/** What a log writes to. */
export interface LogOptions {
  readonly format: LogFormat
  readonly write: (line: string) => void
  readonly redact: (text: string) => string
}

const maximumFieldLength = 1000

/** A log that writes each event as one line. It escapes invisible characters, and never throws. */
export function createLog({ format, write, redact }: LogOptions): Log {
  const lineOf = format === 'json' ? jsonLine : textLine
  return (entry) => {
    const fields: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(entry)) {
      fields[name] = typeof value === 'string' ? redact(value).slice(0, maximumFieldLength) : value
    }
    const time = new Date().toISOString()
    try {
      write(`${escapeInvisible(lineOf({ time, ...fields })).replaceAll('\n', ' ')}\n`)
    } catch {
      // There is no other place to report it.
    }
  }
}

function jsonLine(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields)
}

function textLine(fields: Readonly<Record<string, unknown>>): string {
  const { time, level, event, ...others } = fields
  const shown = Object.entries(others)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [time, String(level).toUpperCase().padEnd(5), event, ...shown].join(' ')
}
