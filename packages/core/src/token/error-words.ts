import { cleanRemoteText, isRecord, showRemote } from '../lib/remote-text.ts'

/** What a server says about an error, cleaned and truncated. Mark it as the server's text. */
export interface ErrorWords {
  /** A code, such as the `error` of RFC 6749 §5.2 or the code of a product. */
  readonly error: string | undefined
  /** A sentence for humans. */
  readonly description: string | undefined
}

/** Whether a JSON body reports an error, also with status 200. A body with tokens does not. */
export function isErrorBody(body: unknown): boolean {
  if (!isRecord(body) || 'access_token' in body) return false
  const { error, errors, ok, success } = body
  return isPresent(error) || isPresent(errors) || ok === false || success === false
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false
}

const maximumCodeLength = 100

/** Where products put their code. `error` and `errors` are read separately, at any nesting. */
const codeMembers = [
  'error_code',
  // Okta
  'errorCode',
  'errcode',
  'code',
  // AWS
  '__type',
]

/** Where products put their sentence, the most specific first. */
const descriptionMembers = [
  'error_description',
  'errorDescription',
  'error_message',
  'errorMessage',
  // Okta
  'errorSummary',
  'message',
  'Message',
  'error_msg',
  'errmsg',
  'msg',
  // Problem Details (RFC 9457)
  'detail',
  // Apigee
  'faultstring',
  'reason',
  'title',
]

/** Members with an object that holds the error. */
const containers = [
  'error',
  'errors',
  'fault',
  'data',
  'response',
  // FastAPI: a list, or an object of the application
  'detail',
]

/** Deeper objects are not errors. */
const maximumDepth = 3

/**
 * Reads the code and the sentence of an error body. Besides RFC 6749 §5.2, it knows nested errors
 * (`{"error":{"code":…,"message":…}}`, `{"errors":[…]}`), Problem Details (RFC 9457), and the shapes of
 * Okta, AWS and others.
 *
 * @param body - The parsed JSON body, without secrets.
 */
export function readErrorWords(body: unknown): ErrorWords {
  return wordsOf(body, 0)
}

/** The words of an error, quoted for a message; empty if there are no words. */
export function showErrorWords({ error, description }: ErrorWords): string {
  return [error, description]
    .filter((word) => word !== undefined)
    .map((word) => showRemote(word, 300))
    .join(': ')
}

function wordsOf(value: unknown, depth: number): ErrorWords {
  if (typeof value === 'string') return { error: undefined, description: text(value) }
  if (Array.isArray(value)) return wordsOf(value[0], depth + 1)
  if (!isRecord(value) || depth > maximumDepth) return nothing
  const nested = containers
    .map((name) => value[name])
    .filter((inner) => typeof inner === 'object' && inner !== null)
    .map((inner) => wordsOf(inner, depth + 1))
    .find(({ error, description }) => error !== undefined || description !== undefined)
  const own = {
    error: code(value['error']) ?? first(codeMembers, value, code),
    description: withLocation(first(descriptionMembers, value, text), value['loc']),
  }
  return {
    // In an object inside `error`, `type` and `status` are codes. Elsewhere `type` is a URL.
    error:
      own.error ??
      nested?.error ??
      (depth > 0 ? (code(value['type']) ?? code(value['status'])) : undefined),
    description: own.description ?? nested?.description,
  }
}

/** FastAPI names the member that it does not accept, such as `["body", "application_type"]`. */
function withLocation(description: string | undefined, location: unknown): string | undefined {
  if (description === undefined || !Array.isArray(location)) return description
  const names = location.filter((name) => typeof name === 'string' || typeof name === 'number')
  return names.length === 0 ? description : text(`${names.join('.')}: ${description}`)
}

const nothing: ErrorWords = { error: undefined, description: undefined }

function first(
  names: readonly string[],
  value: Readonly<Record<string, unknown>>,
  read: (member: unknown) => string | undefined,
): string | undefined {
  for (const name of names) {
    const found = read(value[name])
    if (found !== undefined) return found
  }
  return undefined
}

function code(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined
  if (typeof value !== 'string') return undefined
  // AWS writes the name of a shape after a namespace.
  const name = /^[\w.]+#(.+)$/s.exec(value)?.[1] ?? value
  return cleanRemoteText(name, maximumCodeLength)
}

function text(value: unknown): string | undefined {
  return cleanRemoteText(value)
}
