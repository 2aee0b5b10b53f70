import { readFile } from 'node:fs/promises'
import { CliError } from '../../lib/errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A header, as it was written. */
export interface WrittenHeader {
  readonly name: string
  readonly value: string
}

/**
 * Reads `--header` and `--header-file`, in their order.
 *
 * @throws CliError `USAGE`. Values are not shown: they are often secret.
 */
export async function readHeaderFlags(
  headers: readonly string[],
  files: readonly string[],
): Promise<readonly WrittenHeader[]> {
  const written = headers.map((line) => headerOf(line, 'the option --header'))
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new CliError(
        'USAGE',
        `The option --header-file cannot be used: ${JSON.stringify(file)} cannot be read${reasonOf(cause)}. Check the path and its permissions.`,
        { cause },
      )
    })
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (line.trim() === '' || line.trim().startsWith('#')) continue
      written.push(headerOf(line.trim(), `line ${index + 1} of ${JSON.stringify(file)}`))
    }
  }
  return written
}

/** Headers that the proxy sets itself. Another value would break the protocol. */
const ownHeaders: ReadonlySet<string> = new Set([
  'content-length',
  'content-type',
  'accept',
  'host',
  'connection',
  'transfer-encoding',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'last-event-id',
])

/**
 * Replaces `${NAME}` and checks the headers.
 *
 * @throws CliError `USAGE`
 */
export function resolveHeaders(
  written: readonly WrittenHeader[],
  env: Environment,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  for (const { name, value } of written) {
    const lower = name.toLowerCase()
    const resolved = replaceVariables(value, env, `the header ${name}`)
    if (ownHeaders.has(lower)) {
      throw new CliError(
        'USAGE',
        `The header ${name} cannot be used: the proxy sets it itself. Remove it.`,
      )
    }
    if (/[^\t\u0020-\u007E\u0080-\u00FF]/.test(resolved)) {
      throw new CliError(
        'USAGE',
        `The header ${name} cannot be used: its value contains a character that no header can carry. Correct the value.`,
      )
    }
    headers[lower] = resolved
  }
  return headers
}

/**
 * Replaces `${NAME}` by the value of an environment variable.
 *
 * @throws CliError `USAGE` for a variable that is not set: a request without the credential would fail later.
 */
export function replaceVariables(text: string, env: Environment, where: string): string {
  return text.replaceAll(/\$\{([^}]+)\}/g, (_match, name: string) => {
    const value = env[name]
    if (value !== undefined) return value
    throw new CliError(
      'USAGE',
      `The environment variable ${JSON.stringify(name)} is not set (expected by ${where}). Set it in the entry of the host, or remove it.`,
    )
  })
}

function headerOf(line: string, where: string): WrittenHeader {
  const match = /^([\w-]+):\s*(.*)$/.exec(line)
  const [, name, value] = match ?? []
  if (name !== undefined && value !== undefined) return { name, value }
  throw new CliError(
    'USAGE',
    `A header cannot be read: ${where} is not in the form Name: value. Correct it.`,
  )
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
}
