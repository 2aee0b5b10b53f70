import { cleanRemoteText } from '@evergrant/core'
import { limits, recordedHeaders } from '../observations/limits.ts'
import type { Exchange, RecordedAnswer, RecordedFailure } from '../observations/observations.ts'
import { readStart } from '../lib/read-start.ts'
import type { ProbeContext } from './probe-context.ts'

/** What a request is for, and how much of its answer is kept. */
export interface RequestPlan extends Pick<Exchange, 'purpose' | 'place' | 'issuer'> {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'OPTIONS' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** Headers that are sent and not recorded. */
  readonly secretHeaders?: Readonly<Record<string, string>>
  readonly body?: string
  /** Only the headers matter: a stream may never end. */
  readonly withoutBody?: boolean
  /** Sees the headers of the answer. Those that are secret are not recorded. */
  readonly onHeaders?: (headers: Headers) => void
  /** Default: an excerpt. */
  readonly maximumBytes?: number
}

/** Sends one request, and records it with its answer or its failure. Never rejects. */
export async function request(plan: RequestPlan, context: ProbeContext): Promise<Exchange> {
  const { purpose, place, issuer, url, method = 'GET', headers = {}, secretHeaders, body } = plan
  const startedAt = context.nowMilliseconds()
  const outcome = await answerOf(
    url,
    { method, headers: { ...headers, ...secretHeaders }, ...(body === undefined ? {} : { body }) },
    plan,
    context,
  )
  const exchange: Exchange = {
    purpose,
    ...(place === undefined ? {} : { place }),
    ...(issuer === undefined ? {} : { issuer }),
    method,
    url,
    requestHeaders: headers,
    startMilliseconds: Math.round(startedAt - context.startedAtMilliseconds),
    durationMilliseconds: Math.round(context.nowMilliseconds() - startedAt),
    ...outcome,
  }
  context.record(exchange)
  return exchange
}

type Outcome = { readonly answer: RecordedAnswer } | { readonly failure: RecordedFailure }

async function answerOf(
  url: string,
  init: RequestInit,
  { withoutBody = false, maximumBytes = limits.excerptBytes, onHeaders }: RequestPlan,
  { fetch, requestTimeoutMilliseconds, signal }: ProbeContext,
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(requestTimeoutMilliseconds)
  try {
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
    onHeaders?.(response.headers)
    // A stream of events may stay open: that it starts is enough.
    const isIgnored = withoutBody || isEventStream(response)
    const read = isIgnored
      ? { text: '', isTruncated: false }
      : await readStart(response, maximumBytes)
    if (isIgnored) await response.body?.cancel().catch(() => undefined)
    return {
      answer: {
        status: response.status,
        headers: keptHeaders(response.headers),
        body: read.text,
        isTruncated: read.isTruncated,
      },
    }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason
    return { failure: failureOf(error, timeout.aborted, requestTimeoutMilliseconds) }
  }
}

function isEventStream({ headers }: Response): boolean {
  return /^\s*text\/event-stream/i.test(headers.get('content-type') ?? '')
}

function keptHeaders(headers: Headers): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  for (const name of recordedHeaders) {
    const value = headers.get(name)
    if (value !== null) kept[name] = value.slice(0, limits.headerCharacters)
  }
  return kept
}

function failureOf(error: unknown, isTimeout: boolean, milliseconds: number): RecordedFailure {
  if (isTimeout) {
    return { reason: 'timeout', message: `no complete answer within ${milliseconds / 1000} s` }
  }
  const chain = causes(error)
  const code = chain.map(codeOf).find((one) => one !== undefined)
  const last = chain.at(-1)
  const message =
    cleanRemoteText(last instanceof Error ? last.message : undefined, 200) ?? 'the request failed'
  return {
    reason: reasonOf(code, chain),
    ...(code === undefined ? {} : { code }),
    message,
  }
}

function reasonOf(code: string | undefined, chain: readonly unknown[]): RecordedFailure['reason'] {
  if (chain.some((one) => one instanceof Error && one.name === 'EgressError')) return 'refused-here'
  if (code === undefined) return 'unreachable'
  return /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:VERIFY|GET)|EPROTO$|HOSTNAME_MISMATCH)/.test(
    code,
  )
    ? 'tls'
    : 'unreachable'
}

function causes(error: unknown): readonly unknown[] {
  const chain: unknown[] = []
  for (let next = error; next !== undefined && chain.length < 8;) {
    chain.push(next)
    next = next instanceof Error ? next.cause : undefined
  }
  return chain
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? cleanRemoteText(code, 60) : undefined
}
