import { cleanRemoteText, isRecord, parseRecord, showRemote } from '../lib/remote-text.ts'
import { isErrorBody, readErrorWords } from './error-words.ts'
import { parseRetryAfter } from './retry-after.ts'

/** A response of the token endpoint without tokens. */
export interface TokenEndpointAnswer {
  readonly status: number
  /** The raw `Content-Type` header. */
  readonly contentType?: string | null | undefined
  /** The body: raw text, or a parsed JSON value. */
  readonly body?: unknown
  /** The raw `Retry-After` header. */
  readonly retryAfter?: string | null | undefined
  /** The target of a redirect, as an absolute URL. */
  readonly location?: string | null | undefined
}

/** Options of {@link classifyTokenError}. */
export interface ClassifyTokenErrorOptions {
  readonly during: 'refresh' | 'code-exchange'
  /** Required to read a `Retry-After` date. */
  readonly nowEpochSeconds?: number | undefined
  /** Error codes of this server with the meaning of `invalid_grant`. */
  readonly grantEndedErrors?: readonly string[] | undefined
}

interface TokenErrorDetails {
  /** RFC 6749 §5.2 `error`, or the code that this product sends instead, cleaned and truncated. */
  readonly oauthError: string | undefined
  /** The server's sentence, cleaned and truncated. Mark it as the server's text when you show it. */
  readonly oauthErrorDescription: string | undefined
  /** The decision in plain words. Contains no secret. */
  readonly explanation: string
}

/** The server ended the grant or rejected the code. The user must sign in again. */
export interface GrantEndedDecision extends TokenErrorDetails {
  readonly outcome: 'grant-ended'
  readonly reason: 'invalid-grant' | 'interaction-required' | 'empty-bad-request'
}

/** The server does not accept the client. The tokens may still be valid: keep them. */
export interface RegistrationEndedDecision extends TokenErrorDetails {
  readonly outcome: 'registration-ended'
  readonly reason: 'invalid-client' | 'unauthorized-client'
}

/**
 * The server refused, without saying that the grant is over. Keep everything: the cause may be the
 * configuration. If the access token can no longer be used, the user signs in once.
 */
export interface RequestRefusedDecision extends TokenErrorDetails {
  readonly outcome: 'request-refused'
  readonly reason:
    | 'invalid-scope'
    | 'invalid-target'
    | 'invalid-request'
    | 'unsupported-grant-type'
    | 'unknown-error'
    | 'unexplained-refusal'
}

/** Says nothing about the grant. Keep everything, try again later, do not prompt the user. */
export interface TransientTokenErrorDecision extends TokenErrorDetails {
  readonly outcome: 'transient'
  readonly reason:
    | 'rate-limited'
    | 'server-error'
    | 'timeout-at-server'
    | 'redirect'
    | 'endpoint-not-found'
    | 'not-an-oauth-answer'
    /** A success without tokens. The refresh token may be spent. */
    | 'unreadable-success'
  /** The server's `Retry-After`, at most a day; `undefined` if it sent none. */
  readonly retryAfterSeconds: number | undefined
}

/** Repeat the request with the nonce of the `DPoP-Nonce` header (RFC 9449 §8). */
export interface UseDpopNonceDecision extends TokenErrorDetails {
  readonly outcome: 'use-dpop-nonce'
  readonly reason: 'use-dpop-nonce'
}

/** The meaning of an unsuccessful token response. Only `grant-ended` ends a grant. */
export type TokenErrorDecision =
  | GrantEndedDecision
  | RegistrationEndedDecision
  | RequestRefusedDecision
  | TransientTokenErrorDecision
  | UseDpopNonceDecision

/**
 * Classifies a token response without tokens: what it means for the grant.
 *
 * A grant ends only if the authorization server says so. A response of a proxy, a captive portal or a
 * failing server does not end it: a 5xx is transient even if its body says `invalid_grant`, and so is
 * every HTML page, except with status 401. There is one exception: some servers answer an invalid
 * refresh token with a 400 and an empty body. During a refresh, such a response ends the grant, with
 * the separate reason `empty-bad-request`.
 *
 * Only a transient answer is a reason to wait. Everything else that is not a known error code is a
 * refusal (`request-refused`), because servers refuse an invalid refresh token with many different codes.
 *
 * @example
 * ```ts
 * classifyTokenError({ status: 400, body: { error: 'invalid_grant' } }, { during: 'refresh' }).outcome
 * // 'grant-ended'
 * classifyTokenError({ status: 503 }, { during: 'refresh' }).outcome // 'transient'
 * ```
 *
 * @see RFC 6749 §5.2, RFC 8707 §2 (`invalid_target`), RFC 9449 §8 (`use_dpop_nonce`)
 */
export function classifyTokenError(
  answer: TokenEndpointAnswer,
  options: ClassifyTokenErrorOptions,
): TokenErrorDecision {
  const body = readBody(answer)
  const words = readErrorWords(body.json)
  const details = {
    oauthError: words.error,
    oauthErrorDescription: words.description ?? refusalText(answer, body),
  }
  const transient: TransientDecider = (reason, what) => ({
    outcome: 'transient',
    reason,
    ...details,
    explanation: `${what}. This says nothing about the grant, so everything is kept.`,
    retryAfterSeconds: parseRetryAfter(answer.retryAfter, options),
  })
  const { status } = answer

  if (status === 429) return transient('rate-limited', 'The token endpoint limits the request rate')
  if (status === 408 || status === 425) {
    return transient('timeout-at-server', `The token endpoint answered with status ${status}`)
  }
  if (status >= 500) {
    return transient('server-error', `The token endpoint answered with status ${status}`)
  }
  if (status >= 300 && status < 400) {
    const target = answer.location ?? undefined
    const to = target === undefined ? '' : ` to ${showRemote(withoutQuery(target))}`
    return transient(
      'redirect',
      `The token endpoint answered with a redirect (status ${status})${to}`,
    )
  }
  if (status < 300) return classifySuccess(answer, body, details, options, transient)
  if (body.kind === 'html' && status !== 401) {
    return transient('not-an-oauth-answer', 'The token endpoint answered with an HTML page')
  }
  const isMissing = status === 404 || status === 405 || status === 410
  if (details.oauthError !== undefined && !(isMissing && namesStatus(details.oauthError))) {
    return classifyOAuthError(details.oauthError, details, options, transient)
  }
  if (isMissing) {
    return transient('endpoint-not-found', `The token endpoint was not found (status ${status})`)
  }
  if (status === 400 && body.kind === 'empty') return classifyEmptyBadRequest(details, options)
  // A firewall answers with 403 and 407. Other refusals come from the server.
  if (body.kind === 'json' || (status !== 403 && status !== 407)) {
    return unexplainedRefusal(
      details,
      `The token endpoint rejected the request with status ${status} and no OAuth error.`,
    )
  }
  return transient(
    'not-an-oauth-answer',
    `The token endpoint answered with status ${status} and no OAuth response`,
  )
}

/** A success without tokens: an error that some servers send with status 200, or unreadable. */
function classifySuccess(
  { status, contentType }: TokenEndpointAnswer,
  body: ReadBody,
  details: Details,
  options: ClassifyTokenErrorOptions,
  transient: TransientDecider,
): TokenErrorDecision {
  if (body.kind === 'html') {
    return transient('not-an-oauth-answer', 'The token endpoint answered with an HTML page')
  }
  if (isErrorBody(body.json)) {
    if (details.oauthError !== undefined) {
      return classifyOAuthError(details.oauthError, details, options, transient)
    }
    return unexplainedRefusal(
      details,
      `The token endpoint reported an error with status ${status} and no OAuth error.`,
    )
  }
  const explanation =
    `The token endpoint answered with status ${status} and the content type ` +
    `${showRemote(contentType ?? 'none')}, but without a readable access_token (expected ` +
    'application/json, RFC 6749 §5.1).'
  return { ...transient('unreadable-success', ''), explanation }
}

function unexplainedRefusal(details: Details, explanation: string): RequestRefusedDecision {
  return { outcome: 'request-refused', reason: 'unexplained-refusal', ...details, explanation }
}

/** Frameworks answer at unknown paths with the reason phrase of the status. */
function namesStatus(error: string): boolean {
  return /^(?:40[45]|410|not[ _-]?found|method[ _-]?not[ _-]?allowed|gone)$/i.test(error)
}

/** The words of a refusal in plain text. A success may contain a token, so it has none. */
function refusalText(
  { status, body }: TokenEndpointAnswer,
  { kind }: ReadBody,
): string | undefined {
  if (kind !== 'other' || status < 400 || typeof body !== 'string') return undefined
  // Markup is not readable in a message.
  return body.trimStart().startsWith('<') ? undefined : cleanRemoteText(body)
}

/** A query can carry secrets. */
function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? ''
}

type Details = Omit<TokenErrorDetails, 'explanation'>

/** Decides that an answer is transient. `what` is the start of the explanation. */
type TransientDecider = (
  reason: TransientTokenErrorDecision['reason'],
  what: string,
) => TransientTokenErrorDecision

// A map, because the key comes from the server: an object would also have "toString".
const refusals: ReadonlyMap<string, RequestRefusedDecision['reason']> = new Map([
  ['invalid_scope', 'invalid-scope'],
  ['invalid_target', 'invalid-target'],
  ['invalid_request', 'invalid-request'],
  ['unsupported_grant_type', 'unsupported-grant-type'],
])

function classifyOAuthError(
  error: string,
  details: Details,
  options: ClassifyTokenErrorOptions,
  transient: TransientDecider,
): TokenErrorDecision {
  const [subject, request] =
    options.during === 'refresh'
      ? ['refresh token', 'refresh request']
      : ['authorization code', 'token request']
  if (options.grantEndedErrors?.includes(error) === true) error = 'invalid_grant'
  switch (error) {
    case 'invalid_grant':
      return {
        outcome: 'grant-ended',
        reason: 'invalid-grant',
        ...details,
        explanation: `The authorization server says that the ${subject} is not valid.`,
      }
    // OpenID Connect Core §3.1.2.6 defines these for the authorization endpoint. Entra ID and others
    // also send them for a refresh, when a policy requires the user.
    case 'interaction_required':
    case 'login_required':
    case 'consent_required':
    case 'account_selection_required':
      return {
        outcome: 'grant-ended',
        reason: 'interaction-required',
        ...details,
        explanation: 'The authorization server requires the user to sign in again.',
      }
    case 'invalid_client':
      return {
        outcome: 'registration-ended',
        reason: 'invalid-client',
        ...details,
        explanation: 'The authorization server does not know this client.',
      }
    case 'unauthorized_client':
      return {
        outcome: 'registration-ended',
        reason: 'unauthorized-client',
        ...details,
        explanation: 'The authorization server does not allow this client to use this grant type.',
      }
    case 'use_dpop_nonce':
      return {
        outcome: 'use-dpop-nonce',
        reason: 'use-dpop-nonce',
        ...details,
        explanation: 'The authorization server requires its DPoP nonce in the request.',
      }
    case 'temporarily_unavailable':
    case 'server_error':
      return transient('server-error', `The authorization server reports ${error}`)
    case 'slow_down':
      return transient('rate-limited', 'The authorization server limits the request rate')
    default:
      return {
        outcome: 'request-refused',
        reason: refusals.get(error) ?? 'unknown-error',
        ...details,
        explanation: `The authorization server refused the ${request}.`,
      }
  }
}

function classifyEmptyBadRequest(
  details: Details,
  options: ClassifyTokenErrorOptions,
): TokenErrorDecision {
  if (options.during === 'code-exchange') {
    return {
      outcome: 'request-refused',
      reason: 'unexplained-refusal',
      ...details,
      explanation: 'The token endpoint rejected the request with an empty response (status 400).',
    }
  }
  return {
    outcome: 'grant-ended',
    reason: 'empty-bad-request',
    ...details,
    explanation:
      'The token endpoint rejected the request with an empty response (status 400), as some servers ' +
      'do for a refresh token that is no longer valid.',
  }
}

interface ReadBody {
  readonly kind: 'empty' | 'html' | 'json' | 'other'
  readonly json?: Readonly<Record<string, unknown>>
}

function readBody(answer: TokenEndpointAnswer): ReadBody {
  const { body } = answer
  if (isRecord(body)) return { kind: 'json', json: body }
  if (body === undefined || body === null) return { kind: 'empty' }
  if (typeof body !== 'string') return { kind: 'other' }
  const text = body.trim()
  if (text === '') return { kind: 'empty' }
  const json = parseRecord(text) ?? parseFormError(text)
  // The body takes precedence over the header: some servers send OAuth errors as text/html.
  if (json !== undefined) return { kind: 'json', json }
  return { kind: isPage(text, answer.contentType ?? '') ? 'html' : 'other' }
}

/** A page for humans, as proxies and captive portals send it. XML comes from the server. */
function isPage(text: string, contentType: string): boolean {
  if (/^\s*(?:text\/html|application\/xhtml)/i.test(contentType)) return true
  const isXml = /^\s*(?:text|application)\/(?:[\w.-]+\+)?xml\b/i.test(contentType)
  return text.startsWith('<') && !isXml && !text.startsWith('<?xml')
}

/** Some servers send errors form-encoded. Bodies that may hold tokens are not read. */
function parseFormError(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!/^[\w.-]+=[^\s<]*$/.test(text)) return undefined
  const members = new Map(text.split('&').map(formMember))
  return members.has('error') && !members.has('access_token')
    ? Object.fromEntries(members)
    : undefined
}

function formMember(pair: string): readonly [string, string] {
  const [name = '', ...value] = pair.split('=').map(formDecoded)
  return [name, value.join('=')]
}

function formDecoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
