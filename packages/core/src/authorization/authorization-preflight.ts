import { cleanRemoteText, parseRecord } from '../lib/remote-text.ts'
import { saysClientIsUnknown } from '../registration/unknown-client.ts'
import { readErrorWords } from '../token/error-words.ts'
import type { SignInRefusal } from './sign-in-fallback.ts'

/** The answer of an authorization endpoint to a request without cookies. */
export interface AuthorizationEndpointAnswer {
  readonly status: number
  readonly contentType: string | null
  /** `error` in the query of the redirect target, if there is one. */
  readonly redirectError: string | undefined
  /** `error_description` in the query of the redirect target, if there is one. */
  readonly redirectErrorDescription: string | undefined
  readonly body: string
}

/**
 * Reads from the answer of an authorization endpoint whether it refuses the client or its scope.
 * Everything that is not clearly a refusal is `undefined`: a page, a redirect to a page, a firewall, a
 * server that fails or limits the rate, or an error about something else.
 *
 * RFC 6749 §4.1.2.1 forbids a redirect if the client ID or the redirect URI is wrong, and requires one
 * for every other error. A server that answers with 400 or 422 therefore refuses the client.
 */
export function readAuthorizationAnswer(
  answer: AuthorizationEndpointAnswer,
): SignInRefusal | undefined {
  const { status, contentType, body } = answer
  if (status >= 300 && status < 400) return readRedirect(answer)
  if (status < 400 || status >= 500) return undefined
  const { error, description, text, isJson } = wordsOf(body, contentType)
  if (error === 'invalid_scope') return { at, error, description }
  const clientRefused =
    saysClientIsUnknown(error, text) ||
    ((status === 400 || status === 422) && !(isJson && isAboutSomethingElse(error)))
  return clientRefused ? { at, error, description, clientRefused } : undefined
}

const at = 'authorization-request'

/** The error of a redirect to the redirect URI, or to a page of the server that shows it. */
function readRedirect({
  redirectError,
  redirectErrorDescription,
}: AuthorizationEndpointAnswer): SignInRefusal | undefined {
  const error = cleanRemoteText(redirectError, 100)
  if (error === undefined) return undefined
  const description = cleanRemoteText(redirectErrorDescription)
  if (error === 'invalid_scope') return { at, error, description }
  return saysClientIsUnknown(error, description)
    ? { at, error, description, clientRefused: true }
    : undefined
}

/** Errors of a JSON body that a new client would get, too. */
function isAboutSomethingElse(error: string | undefined): boolean {
  return (
    error !== undefined &&
    /^(?:access_denied|login_required|consent_required|interaction_required|invalid_target|unsupported_response_type|server_error|temporarily_unavailable|slow_down)$/.test(
      error,
    )
  )
}

interface AnswerWords {
  readonly error: string | undefined
  readonly description: string | undefined
  /** The words of the whole answer, longer than a description. */
  readonly text: string | undefined
  readonly isJson: boolean
}

/** Errors are at the beginning of a page. */
const longestText = 16_384

function wordsOf(body: string, contentType: string | null): AnswerWords {
  const json = parseRecord(body)
  if (json !== undefined) {
    const { error, description } = readErrorWords(json)
    return { error, description, text: description, isJson: true }
  }
  const start = body.slice(0, longestText)
  const isHtml = start.trimStart().startsWith('<') || /html/i.test(contentType ?? '')
  return { error: undefined, ...described(isHtml ? textOfHtml(start) : start), isJson: false }
}

function described(text: string): Pick<AnswerWords, 'description' | 'text'> {
  return { description: cleanRemoteText(text), text: cleanRemoteText(text, longestText) }
}

/** The visible text of a page, roughly: enough to find the words of an error. */
function textOfHtml(html: string): string {
  return html
    .replaceAll(/<(script|style|head)\b[^<>]*>.*?<\/\1\s*>/gis, ' ')
    .replaceAll(/<[^<>]*>/g, ' ')
    .replaceAll(/&(?:#39|apos|quot);/g, "'")
}
