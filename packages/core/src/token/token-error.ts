import { cleanRemoteText, isRecord } from '../lib/remote-text.ts'
import { parseRetryAfter } from './retry-after.ts'

/** What the token endpoint answered instead of tokens. */
export interface TokenEndpointAnswer {
  readonly status: number
  /** The `Content-Type` header, as it came. */
  readonly contentType?: string | null | undefined
  /** The body: text as it came, or an already parsed JSON value. */
  readonly body?: unknown
  /** The `Retry-After` header, as it came. */
  readonly retryAfter?: string | null | undefined
}

/** Options of {@link classifyTokenError}. */
export interface ClassifyTokenErrorOptions {
  readonly during: 'refresh' | 'code-exchange'
  /** Needed to understand a `Retry-After` that is a date. */
  readonly nowEpochSeconds?: number | undefined
  /** Error codes of this server that mean the same as `invalid_grant`. */
  readonly grantEndedErrors?: readonly string[] | undefined
}

interface TokenErrorDetails {
  /** RFC 6749 §5.2 `error`, when the server sent one; without control characters, cut short. */
  readonly oauthError: string | undefined
  /** `error_description`, treated likewise. Text of a stranger: show it as such. */
  readonly oauthErrorDescription: string | undefined
  /** The decision in plain words. Holds nothing secret. */
  readonly explanation: string
}

/** The server ended the grant, or this code: only the user can give a new one. */
export interface GrantEndedDecision extends TokenErrorDetails {
  readonly outcome: 'grant-ended'
  readonly reason: 'invalid-grant' | 'interaction-required' | 'empty-bad-request'
}

/** The client's registration is not valid (any more). The tokens may be; keep them. */
export interface RegistrationEndedDecision extends TokenErrorDetails {
  readonly outcome: 'registration-ended'
  readonly reason: 'invalid-client' | 'unauthorized-client'
}

/** The request was wrong, not the grant: a matter of configuration. Keep everything. */
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

/** Says nothing about the grant. Keep everything, try later, ask no user. */
export interface TransientTokenErrorDecision extends TokenErrorDetails {
  readonly outcome: 'transient'
  readonly reason:
    | 'rate-limited'
    | 'server-error'
    | 'timeout-at-server'
    | 'redirect'
    | 'endpoint-not-found'
    | 'not-an-oauth-answer'
  /** What the server asked to wait, at most a day; `undefined` where it asked nothing. */
  readonly retryAfterSeconds: number | undefined
}

/** Send the same request again, with the nonce of the `DPoP-Nonce` header (RFC 9449 §8). */
export interface UseDpopNonceDecision extends TokenErrorDetails {
  readonly outcome: 'use-dpop-nonce'
  readonly reason: 'use-dpop-nonce'
}

/** What an unsuccessful answer of the token endpoint means. Only `grant-ended` ends a grant. */
export type TokenErrorDecision =
  | GrantEndedDecision
  | RegistrationEndedDecision
  | RequestRefusedDecision
  | TransientTokenErrorDecision
  | UseDpopNonceDecision

/**
 * Tells what an answer of the token endpoint that holds no tokens means for the grant.
 *
 * The rule behind the table: a grant ends only where the authorization server said so. What comes
 * from a proxy, a captive portal or a server in trouble ends nothing, so a 5xx is transient even
 * when its body says `invalid_grant`, and so is every HTML page whatever its status. One deliberate
 * exception: a 400 with an empty body, during a refresh, is what some servers send for a dead
 * refresh token; it ends the grant under a reason of its own, `empty-bad-request`.
 *
 * @see RFC 6749 §5.2, RFC 8707 §2 (`invalid_target`), RFC 9449 §8 (`use_dpop_nonce`)
 */
export function classifyTokenError(
  answer: TokenEndpointAnswer,
  options: ClassifyTokenErrorOptions,
): TokenErrorDecision {
  const body = readBody(answer)
  const details = {
    oauthError: cleanRemoteText(body.json?.['error'], 100),
    oauthErrorDescription: cleanRemoteText(body.json?.['error_description']),
  }
  const transient = (
    reason: TransientTokenErrorDecision['reason'],
    what: string,
  ): TransientTokenErrorDecision => ({
    outcome: 'transient',
    reason,
    ...details,
    explanation: `${what}, which says nothing about the grant: everything is kept.`,
    retryAfterSeconds: parseRetryAfter(answer.retryAfter, options),
  })
  const { status } = answer

  if (status === 429) return transient('rate-limited', 'The token endpoint limits the rate')
  if (status === 408 || status === 425) {
    return transient('timeout-at-server', `The token endpoint answered with status ${status}`)
  }
  if (status >= 500) {
    return transient('server-error', `The token endpoint answered with status ${status}`)
  }
  if (status >= 300 && status < 400) {
    return transient('redirect', 'The token endpoint answered with a redirect')
  }
  if (body.kind === 'html') {
    return transient('not-an-oauth-answer', 'The token endpoint answered with an HTML page')
  }
  if (details.oauthError !== undefined) {
    return classifyOAuthError(details.oauthError, details, options, transient)
  }
  if (status === 404 || status === 405 || status === 410) {
    return transient('endpoint-not-found', `There is no token endpoint here (status ${status})`)
  }
  if (status === 400 && body.kind === 'empty') return classifyEmptyBadRequest(details, options)
  if (body.kind === 'json' && status >= 400) {
    return {
      outcome: 'request-refused',
      reason: 'unexplained-refusal',
      ...details,
      explanation: `The token endpoint refused with status ${status} and gave no OAuth error.`,
    }
  }
  return transient(
    'not-an-oauth-answer',
    `The token endpoint answered with status ${status} and no OAuth answer`,
  )
}

type Details = Omit<TokenErrorDetails, 'explanation'>

// A map, because the key is a stranger's: an object would answer to "toString".
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
  transient: (
    reason: TransientTokenErrorDecision['reason'],
    what: string,
  ) => TransientTokenErrorDecision,
): TokenErrorDecision {
  const subject = options.during === 'refresh' ? 'refresh token' : 'authorization code'
  if (options.grantEndedErrors?.includes(error) === true) error = 'invalid_grant'
  switch (error) {
    case 'invalid_grant':
      return {
        outcome: 'grant-ended',
        reason: 'invalid-grant',
        ...details,
        explanation: `The authorization server says that the ${subject} is not valid (any more).`,
      }
    // OpenID Connect Core §3.1.2.6 defines them for the authorization endpoint; Entra ID and others
    // answer a refresh with them when a policy wants the user back.
    case 'interaction_required':
    case 'login_required':
    case 'consent_required':
    case 'account_selection_required':
      return {
        outcome: 'grant-ended',
        reason: 'interaction-required',
        ...details,
        explanation: 'The authorization server wants to see the user before it goes on.',
      }
    case 'invalid_client':
      return {
        outcome: 'registration-ended',
        reason: 'invalid-client',
        ...details,
        explanation: 'The authorization server does not know this client (any more).',
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
        explanation: 'The authorization server wants the request again, with its DPoP nonce.',
      }
    case 'temporarily_unavailable':
    case 'server_error':
      return transient('server-error', `The authorization server reports ${error}`)
    case 'slow_down':
      return transient('rate-limited', 'The authorization server limits the rate')
    default:
      return {
        outcome: 'request-refused',
        reason: refusals.get(error) ?? 'unknown-error',
        ...details,
        explanation: `The authorization server refused the request, not the ${subject}.`,
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
      explanation: 'The token endpoint refused with an empty answer (status 400).',
    }
  }
  return {
    outcome: 'grant-ended',
    reason: 'empty-bad-request',
    ...details,
    explanation:
      'The token endpoint refused with an empty answer (status 400), which is how some servers ' +
      'answer a refresh token that is not valid any more.',
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
  const json = parseJsonObject(text)
  // The body decides before the header does: some servers send OAuth errors as text/html.
  if (json !== undefined) return { kind: 'json', json }
  if (
    text.startsWith('<') ||
    /^\s*(?:text\/html|application\/xhtml)/i.test(answer.contentType ?? '')
  ) {
    return { kind: 'html' }
  }
  return { kind: 'other' }
}

function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
