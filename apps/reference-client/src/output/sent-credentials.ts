import { createRedactor } from '@evergrant/client'
import type { Redactor } from '@evergrant/client'

/** The credentials that this process has sent, so that an echo of them is not printed. */
export interface SentCredentials {
  /** Makes a `fetch` that records the credentials of every request before it sends it. */
  readonly recording: (send: typeof globalThis.fetch) => typeof globalThis.fetch
  /** Replaces them in a text, in every usual encoding, with `[redacted]`. */
  readonly redact: Redactor
}

/** Only the latest are kept: access tokens live for minutes, and each refresh adds two tokens. */
const maximumCredentials = 64

/** The fields of token, revocation and introspection requests that are secret. */
const secretFields = [
  'code',
  'code_verifier',
  'refresh_token',
  'token',
  'client_secret',
  'client_assertion',
  'device_code',
]

/**
 * Starts with the secrets that are known before any request is sent.
 *
 * @param known - Secrets from the environment, if set.
 */
export function sentCredentials(known: readonly (string | undefined)[]): SentCredentials {
  const credentials = new Set<string>()
  /** Built for the current credentials on first use. */
  let redactor: Redactor | undefined

  function note(value: string | null | undefined): void {
    if (value === undefined || value === null || value === '') return
    if (!credentials.has(value)) redactor = undefined
    // A credential that is sent again counts as the latest.
    credentials.delete(value)
    credentials.add(value)
    const [oldest] = credentials
    if (credentials.size > maximumCredentials && oldest !== undefined) credentials.delete(oldest)
  }

  for (const secret of known) note(secret)
  return {
    recording: (send) => async (input, init) => {
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}))
      for (const value of credentialsOf(headers.get('authorization') ?? '')) note(value)
      const form = formOf(init?.body)
      for (const field of secretFields) note(form.get(field))
      return await send(input, init)
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
