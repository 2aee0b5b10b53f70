import { createRedactor } from '@evergrant/client'
import type { Redactor } from '@evergrant/client'

/** The credentials that this process has sent, so that what servers echo of them is not printed. */
export interface SentCredentials {
  /** The runtime's `fetch`; it notes the credentials of every request before it sends it. */
  readonly fetch: typeof globalThis.fetch
  /** Replaces every one of them in a text, however it is encoded, by `[redacted]`. */
  readonly redact: Redactor
}

/** The last ones count: an access token lives for minutes, and each refresh brings two tokens. */
const maximumCredentials = 64

/** The fields of token, revocation and introspection requests that are secret. */
const secretFields = [
  'code',
  'code_verifier',
  'refresh_token',
  'token',
  'client_secret',
  'client_assertion',
]

/**
 * Starts with what is known to be secret before anything is sent.
 *
 * @param known - Secrets of the environment, where they are set.
 */
export function sentCredentials(known: readonly (string | undefined)[]): SentCredentials {
  const credentials = new Set<string>()
  /** Of the credentials as they are; made when it is next used. */
  let redactor: Redactor | undefined

  function note(value: string | null | undefined): void {
    if (value === undefined || value === null || value === '') return
    if (!credentials.has(value)) redactor = undefined
    // What is sent again counts as new.
    credentials.delete(value)
    credentials.add(value)
    const [oldest] = credentials
    if (credentials.size > maximumCredentials && oldest !== undefined) credentials.delete(oldest)
  }

  for (const secret of known) note(secret)
  return {
    async fetch(input, init) {
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}))
      for (const value of credentialsOf(headers.get('authorization') ?? '')) note(value)
      const form = formOf(init?.body)
      for (const field of secretFields) note(form.get(field))
      return await globalThis.fetch(input, init)
    },
    redact: (text) => (redactor ??= createRedactor(credentials))(text),
  }
}

/** RFC 9110 §11.4: a scheme and the credentials, in base64 with `Basic` (RFC 6749 §2.3.1). */
function credentialsOf(authorization: string): readonly (string | null)[] {
  const [scheme = '', value = ''] = authorization.split(' ', 2)
  if (scheme.toLowerCase() !== 'basic') return [value]
  const [, ...secret] = Buffer.from(value, 'base64').toString().split(':')
  const encoded = secret.join(':')
  return [value, encoded, new URLSearchParams(`secret=${encoded}`).get('secret')]
}

function formOf(body: RequestInit['body']): URLSearchParams {
  if (body instanceof URLSearchParams) return body
  return new URLSearchParams(typeof body === 'string' ? body : '')
}
