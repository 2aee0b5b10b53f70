import { escapeInvisible } from '@evergrant/core'
import { pino } from 'pino'
import type { Log } from './log.ts'

/** A second safeguard: no event has such a field. */
const secretFields = [
  'access_token',
  'accessToken',
  'authorization',
  'client_assertion',
  'client_secret',
  'clientSecret',
  'code',
  'code_verifier',
  'cookie',
  'id_token',
  'idToken',
  'password',
  'refresh_token',
  'refreshToken',
  'token',
  'verifier',
]

/**
 * A log that writes each event as one line of JSON, for a terminal or a file. JSON does not escape C1
 * controls, characters that reorder or hide text, and line separators. Here, every field is escaped.
 */
export function createJsonLog(write: (line: string) => void): Log {
  const logger = pino(
    {
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: secretFields, censor: '[redacted]' },
    },
    { write: (line) => write(`${escapeInvisible(line.trimEnd())}\n`) },
  )
  return ({ level, ...fields }) => logger[level](fields)
}
