import { ProtocolError } from '../lib/errors.ts'
import { readString, readStringList } from '../metadata/json-members.ts'
import { readNumber } from '../lib/remote-number.ts'
import { cleanRemoteText, isRecord, kindOfBody, showRemote } from '../lib/remote-text.ts'
import { readErrorWords, showErrorWords } from '../token/error-words.ts'

/**
 * A registration response, with the member names of the wire.
 *
 * @see RFC 7591 §3.2.1
 */
export interface RegistrationResponse {
  readonly client_id: string
  readonly client_secret?: string
  /** Epoch seconds. Absent if the secret does not expire (0 on the wire). */
  readonly client_secret_expires_at?: number
  readonly token_endpoint_auth_method?: string
  readonly grant_types?: readonly string[]
  readonly redirect_uris?: readonly string[]
  readonly scope?: string
  readonly registration_client_uri?: string
  readonly registration_access_token?: string
  readonly warnings: readonly string[]
}

const texts = [
  'client_secret',
  'token_endpoint_auth_method',
  'scope',
  'registration_client_uri',
  'registration_access_token',
] as const

/**
 * Validates the body of a successful registration response.
 *
 * @throws {ProtocolError} `REGISTRATION_RESPONSE_INVALID` if it contains no `client_id`.
 */
export function parseRegistrationResponse(body: unknown): RegistrationResponse {
  if (!isRecord(body)) {
    throw invalid(`is ${kindOfBody(body)} (expected a JSON object)`)
  }
  const clientId = body['client_id']
  if (typeof clientId !== 'string' || !/^[\x20-\x7e]+$/.test(clientId)) {
    throw invalid('has no client_id of visible ASCII characters')
  }
  const warnings: string[] = []
  // Leave out the reason, which may contain a secret value.
  const report = (member: string): void => {
    warnings.push(`${member} has the wrong type and was left out`)
  }
  const members: Partial<Record<(typeof texts)[number], string>> = {}
  for (const member of texts) {
    const text = readString(body, member, report)
    if (text !== undefined && text !== '') members[member] = text
  }
  const grantTypes = readStringList(body, 'grant_types', report)
  const redirectUris = readStringList(body, 'redirect_uris', report)
  if (grantTypes !== undefined && !grantTypes.includes('refresh_token')) {
    warnings.push(
      'grant_types does not list refresh_token, so the server will probably not issue one',
    )
  }
  const expiry = readNumber(body['client_secret_expires_at'])
  return {
    client_id: clientId,
    ...members,
    ...(expiry !== undefined && expiry > 0 && Number.isFinite(expiry)
      ? { client_secret_expires_at: expiry }
      : {}),
    ...(grantTypes === undefined ? {} : { grant_types: grantTypes }),
    ...(redirectUris === undefined ? {} : { redirect_uris: redirectUris }),
    warnings,
  }
}

function invalid(what: string): ProtocolError {
  return new ProtocolError(
    'REGISTRATION_RESPONSE_INVALID',
    `The registration response ${what}, against RFC 7591 §3.2.1. ` +
      'Check that the URL is the registration endpoint.',
  )
}

/** Why an authorization server refused a registration, and what to do next. */
export interface RegistrationErrorExplanation {
  /** RFC 7591 §3.2.2 `error`, when the server sent one. */
  readonly oauthError: string | undefined
  readonly oauthErrorDescription: string | undefined
  readonly explanation: string
}

/** The headers of a refused registration that help to explain it. */
export interface RegistrationErrorHeaders {
  /** The raw `Content-Type` header. */
  readonly contentType?: string | null | undefined
  /** The raw `Location` header. */
  readonly location?: string | null | undefined
  readonly retryAfterSeconds?: number | undefined
}

/**
 * Explains a refused registration, with the usual causes: redirect URIs that do not match the
 * `application_type`, registration that is not open, metadata that the server does not accept.
 *
 * @param body - The parsed JSON body, the text of another body, or `undefined`.
 * @see RFC 7591 §3.2.2, OpenID Connect Dynamic Client Registration §2
 */
export function explainRegistrationError(
  status: number,
  body: unknown,
  { contentType, location, retryAfterSeconds }: RegistrationErrorHeaders = {},
): RegistrationErrorExplanation {
  const { error: oauthError, description } = readErrorWords(isRecord(body) ? body : undefined)
  const described = description ?? plainText(body)
  const quoted = showErrorWords({ error: oauthError, description: described })
  // A page of HTML may come from a proxy or a bot check instead of the server.
  const type = contentType ?? undefined
  const words = quoted === '' && type !== undefined ? showRemote(type, 60) : quoted
  const isRedirect = status >= 300 && status < 400
  const target =
    isRedirect && typeof location === 'string' ? ` to ${showRemote(location, 300)}` : ''
  return {
    oauthError,
    oauthErrorDescription: described,
    explanation:
      (isRedirect
        ? `The registration endpoint answered with a redirect${target} (status ${status}, expected 201; only 307 and 308 within the origin are followed). `
        : `The authorization server refused to register this client (status ${status}` +
          `${words === '' ? '' : `, ${words}`}). `) + advice(status, oauthError, retryAfterSeconds),
  }
}

/** Text that is not a page of HTML. */
function plainText(body: unknown): string | undefined {
  return typeof body === 'string' && !body.trimStart().startsWith('<')
    ? cleanRemoteText(body)
    : undefined
}

function advice(
  status: number,
  error: string | undefined,
  retryAfterSeconds: number | undefined,
): string {
  if (error === 'invalid_redirect_uri') {
    return (
      'It does not accept the redirect URI for this application_type. Native clients use http on ' +
      'a loopback host or a private-use scheme, web clients use https.'
    )
  }
  if (error === 'invalid_client_metadata') {
    return 'It does not accept a member of the client metadata. Compare it with the server’s metadata.'
  }
  if (error === 'invalid_software_statement' || error === 'unapproved_software_statement') {
    return 'It requires an approved software statement. Ask the operator of the server.'
  }
  if (status === 401 || status === 403) {
    return 'Its registration is not open to all clients. Register the client by hand and use its client ID.'
  }
  if (status === 429 || status >= 500) {
    return retryAfterSeconds === undefined
      ? 'Try again later.'
      : `Try again in ${retryAfterSeconds} s.`
  }
  if (status >= 300 && status < 400) {
    return 'Ask the operator of the server to correct registration_endpoint in its metadata, or register the client by hand and use its client ID.'
  }
  return 'Register the client by hand and use its client ID.'
}
