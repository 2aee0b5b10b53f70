import { classifyTokenError, parseTokenResponse, readErrorWords } from '@evergrant/core'
import type { TokenResponse } from '@evergrant/core'
import { documentOf } from '../lib/json.ts'
import { readStart } from '../lib/read-start.ts'
import { limits } from '../observations/limits.ts'
import type { RefreshTrial } from '../observations/measurement.ts'
import type { Exchange } from '../observations/observations.ts'
import { readAccessToken } from './access-token.ts'
import type { CapturedSignIn } from './captured-sign-in.ts'

/** How the requests of a measurement are sent. */
export interface SendOptions {
  readonly fetch: typeof globalThis.fetch
  readonly requestTimeoutMilliseconds: number
  readonly signal: AbortSignal | undefined
  nowEpochSeconds(): number
  record(exchange: Exchange): void
  readonly startedAtEpochSeconds: number
}

/** A refresh, and the tokens that it brought. */
export interface RefreshResult {
  readonly trial: RefreshTrial
  readonly tokens: TokenResponse | undefined
}

/** Sends requests to an authorization server as the client that signed in. */
export interface TokenClient {
  refresh(
    refreshToken: string,
    parameters: Readonly<Record<string, string>>,
    note: string,
  ): Promise<RefreshResult>
  /** Returns the status; `undefined` without an answer. */
  revoke(endpoint: string, token: string, hint: string): Promise<number | undefined>
}

/**
 * Makes a client that authenticates in the same way as the code exchange did.
 *
 * @param issuer - For the records.
 */
export function createTokenClient(
  request: NonNullable<CapturedSignIn['tokenRequest']>,
  issuer: string,
  options: SendOptions,
): TokenClient {
  const identity = new URLSearchParams()
  for (const name of ['client_id', 'client_secret']) {
    const value = request.form.get(name)
    if (value !== null) identity.set(name, value)
  }
  const authorization = request.headers.get('authorization')

  async function post(
    url: string,
    form: URLSearchParams,
    note: string,
  ): Promise<
    { readonly status: number; readonly headers: Headers; readonly text: string } | undefined
  > {
    const startedAt = options.nowEpochSeconds()
    const timeout = AbortSignal.timeout(options.requestTimeoutMilliseconds)
    const { signal } = options
    const seen = {
      purpose: 'sign-in',
      issuer,
      note,
      method: 'POST',
      url,
      requestHeaders: {},
      startMilliseconds: Math.round((startedAt - options.startedAtEpochSeconds) * 1000),
    } as const
    try {
      const response = await options.fetch(url, {
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded',
          ...(authorization === null ? {} : { authorization }),
        },
        body: form.toString(),
        redirect: 'manual',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      })
      const { text } = await readStart(response, limits.documentBytes)
      // Bodies and headers hold tokens: only what happened is recorded.
      options.record({
        ...seen,
        durationMilliseconds: Math.round((options.nowEpochSeconds() - startedAt) * 1000),
        answer: {
          status: Math.max(200, response.status),
          headers: {},
          body: '',
          isTruncated: false,
        },
      })
      return { status: response.status, headers: response.headers, text }
    } catch {
      if (signal?.aborted === true) throw signal.reason
      options.record({
        ...seen,
        durationMilliseconds: Math.round((options.nowEpochSeconds() - startedAt) * 1000),
        failure: { reason: timeout.aborted ? 'timeout' : 'unreachable', message: 'no answer' },
      })
      return undefined
    }
  }

  return {
    async refresh(refreshToken, parameters, note) {
      const form = new URLSearchParams(identity)
      form.set('grant_type', 'refresh_token')
      form.set('refresh_token', refreshToken)
      for (const [name, value] of Object.entries(parameters)) form.set(name, value)
      const answer = await post(request.url, form, note)
      return readRefresh(answer, refreshToken)
    },
    async revoke(endpoint, token, hint) {
      const form = new URLSearchParams(identity)
      form.set('token', token)
      form.set('token_type_hint', hint)
      return (await post(endpoint, form, `revoke the ${hint.replace('_', ' ')}`))?.status
    },
  }
}

function readRefresh(
  answer: { readonly status: number; readonly headers: Headers; readonly text: string } | undefined,
  presented: string,
): RefreshResult {
  if (answer === undefined) return { trial: { outcome: 'no-answer' }, tokens: undefined }
  const { status, headers, text } = answer
  const tokens = status === 200 ? tokensOf(text) : undefined
  if (tokens === undefined) {
    const decision = classifyTokenError(
      { status, contentType: headers.get('content-type'), body: text },
      { during: 'refresh' },
    )
    const { error } = readErrorWords(documentOf(text))
    // A server that fails or limits the rate has not judged the token.
    const outcome = decision.outcome === 'transient' ? 'no-answer' : 'refused'
    return {
      trial: {
        outcome,
        status,
        ...(error === undefined || error.includes(presented) ? {} : { error }),
        meaning: decision.reason,
      },
      tokens: undefined,
    }
  }
  const { audience } = readAccessToken(tokens)
  const next = tokens.refresh_token
  return {
    trial: {
      outcome: 'tokens',
      status,
      refreshToken: next === undefined ? 'none' : next === presented ? 'same' : 'new',
      ...(tokens.scope === undefined ? {} : { scope: tokens.scope }),
      ...(audience === undefined ? {} : { audience }),
    },
    tokens,
  }
}

function tokensOf(text: string): TokenResponse | undefined {
  try {
    return parseTokenResponse(documentOf(text))
  } catch {
    return undefined
  }
}
