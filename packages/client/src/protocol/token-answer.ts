import type { TokenErrorDecision, TokenResponse } from '@evergrant/core'
import type { ProviderProfile } from '@evergrant/core/providers'
import { classifyTokenError, isErrorBody, parseTokenResponse, ProtocolError } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { EvergrantClientError, quoteWords } from '../lib/errors.ts'
import { isObject } from '../lib/is-object.ts'
import { parseJson } from './http.ts'
import { createRedactor, redactMembers } from './redact-secrets.ts'

const tokenMembers = ['access_token', 'refresh_token']

/** The body of an answer, without the secrets of the request. */
export interface AnswerBody {
  /** `undefined` if the text is not JSON. */
  readonly json: unknown
  readonly text: string
}

/**
 * Reads the body of an answer. Servers echo what they received, in descriptions and elsewhere
 * (C-06). Secrets of the request are removed everywhere, and tokens of the answer everywhere except
 * in the members that hold them.
 */
export async function readBody(
  response: Response,
  secrets: readonly (string | null)[],
): Promise<AnswerBody> {
  const text = await response.text()
  const json = parseJson(text)
  if (!isObject(json)) return { json, text: createRedactor(secrets)(text) }
  const issued = tokenMembers
    .map((member) => json[member])
    .filter((token) => typeof token === 'string')
  const redact = createRedactor([...secrets, ...issued])
  return { json: redactMembers(json, redact, tokenMembers), text }
}

/** Whether a successful answer holds tokens. Some servers send OAuth errors with status 200. */
export function holdsTokens(response: Response, { json }: AnswerBody): boolean {
  return response.ok && json !== undefined && !isErrorBody(json)
}

/** @throws EvergrantClientError `TOKEN_RESPONSE_INVALID` */
export function readTokens(body: unknown): TokenResponse {
  try {
    return parseTokenResponse(body)
  } catch (error) {
    if (!ProtocolError.is(error)) throw error
    throw new EvergrantClientError('TOKEN_RESPONSE_INVALID', error.message, { cause: error })
  }
}

/** Classifies an answer without tokens. */
export function classifyAnswer(
  response: Response,
  { json, text }: AnswerBody,
  options: { readonly clock: Clock; readonly profile: ProviderProfile },
  during: 'refresh' | 'code-exchange',
): TokenErrorDecision {
  return classifyTokenError(
    {
      status: response.status,
      contentType: response.headers.get('content-type'),
      body: isObject(json) ? json : text,
      retryAfter: response.headers.get('retry-after'),
      location: response.headers.get('location'),
    },
    {
      during,
      nowEpochSeconds: options.clock.nowEpochSeconds(),
      grantEndedErrors: options.profile.grantEndedErrors,
    },
  )
}

/** The server's words about an error, for the end of a sentence. */
export function describeError({
  oauthError,
  oauthErrorDescription,
}: Pick<TokenErrorDecision, 'oauthError' | 'oauthErrorDescription'>): string {
  const words = quoteWords(oauthError, oauthErrorDescription)
  return words === '' ? '' : ` (${words})`
}

/** A decision as a sentence, with the server's words. */
export function describeDecision(decision: TokenErrorDecision): string {
  return `${decision.explanation.replace(/\.$/, '')}${describeError(decision)}.`
}
