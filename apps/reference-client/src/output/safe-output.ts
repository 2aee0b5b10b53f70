import { escapeInvisible } from '@evergrant/core'
import type { CliEnvironment } from '../lib/environment.ts'
import type { SentCredentials } from './sent-credentials.ts'

/** The output of this program. */
export interface SafeOutput extends Pick<CliEnvironment, 'stdout' | 'stderr'> {
  /** Prints a document as JSON on stdout. */
  document(value: unknown): void
  /** Prints a result that is a credential. Only its invisible characters are escaped. */
  credential(text: string): void
}

/**
 * Makes all output safe, whatever its source. No control or invisible character reaches the
 * terminal, where it could hide, move or forge text, and no credential that a server echoes is
 * printed. In JSON, an escaped character still represents itself.
 */
export function safeOutput(
  { stdout, stderr }: Pick<CliEnvironment, 'stdout' | 'stderr'>,
  { redact }: Pick<SentCredentials, 'redact'>,
): SafeOutput {
  /** String by string: a credential that looks like JSON must not break the document. */
  function redacted(_key: string, value: unknown): unknown {
    if (typeof value === 'string') return redact(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [redact(name), one]))
  }
  return {
    stdout: (text) => stdout(escapeInvisible(redact(text))),
    stderr: (text) => stderr(escapeInvisible(redact(text))),
    credential: (text) => stdout(escapeInvisible(text)),
    document: (value) => stdout(escapeInvisible(`${JSON.stringify(value, redacted)}\n`)),
  }
}
