import { cleanRemoteText, parseRetryAfter } from '@evergrant/core'
import { isSecureEndpoint } from '@evergrant/core/network'
import { abortable } from '../lib/abortable.ts'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { EgressError } from '../protocol/egress-error.ts'
import { systemCodeOf } from '../protocol/http.ts'
import type { NeedsReauthNotice } from './needs-reauth-notice.ts'
import type { WebhookSecrets } from './webhook-signature.ts'
import { webhookSignatures } from './webhook-signature.ts'

/** The body of the request: a message of the Standard Webhooks specification. */
export interface NeedsReauthMessage {
  readonly type: 'grant.needs_reauth'
  /** When the authorization server ended the grant (ISO 8601). */
  readonly timestamp: string
  /** Texts of servers are cleaned and cut. `partition` is sent as the host chose it. */
  readonly data: Omit<NeedsReauthNotice, 'id' | 'endedAtEpochSeconds'>
}

/** Options of {@link needsReauthWebhook}. */
export interface NeedsReauthWebhookOptions {
  /** The receiver: `https`, or `http` on a loopback host. */
  readonly url: string
  /**
   * The secret that signs the requests: `whsec_` followed by 24 to 64 random bytes in base64. While you
   * rotate it, pass the new and the old one: each signs.
   */
  readonly secret: WebhookSecrets
  /** Default: the `fetch` of the runtime. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** How long the receiver has to answer. Default 15,000. */
  readonly requestTimeoutMilliseconds?: number | undefined
  readonly clock?: Clock | undefined
}

const defaultTimeoutMilliseconds = 15_000
const maximumIdentifierLength = 2048
const maximumErrorLength = 100

/**
 * Makes a handler for the option `onNeedsReauth` of a refresh worker. It POSTs each notice as a signed
 * message of the Standard Webhooks specification, so receivers can verify it with any library for
 * that, or with `verifyWebhook`.
 *
 * It resolves when the receiver answers 2xx. Otherwise it rejects with `WEBHOOK_FAILED`, and the worker
 * delivers the notice again, with the same `webhook-id`. Receivers must expect repetitions. Redirects
 * are not followed, and bodies of answers are not read.
 *
 * @throws EvergrantClientError `INVALID_OPTION`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @example
 * const onNeedsReauth = needsReauthWebhook({ url: 'https://gateway.example/hooks', secret })
 * const worker = createRefreshWorker(store, { onNeedsReauth })
 */
export function needsReauthWebhook(
  options: NeedsReauthWebhookOptions,
): (notice: NeedsReauthNotice) => Promise<void> {
  const { url, fetch = globalThis.fetch, clock = systemClock } = options
  const { requestTimeoutMilliseconds = defaultTimeoutMilliseconds } = options
  if (!isSecureEndpoint(url)) {
    // Without the value: the path of a webhook is often a secret.
    throw new EvergrantClientError(
      'INVALID_OPTION',
      'The option "url" of the webhook cannot be used (expected an https URL without user name and password; http is for loopback hosts only). Correct it.',
    )
  }
  const { origin } = new URL(url)
  const signatures = webhookSignatures(options.secret, 'secret')

  async function post(notice: NeedsReauthNotice, signal: AbortSignal): Promise<Response> {
    const { id } = notice
    const body = JSON.stringify(messageOf(notice, clock))
    const timestamp = String(Math.floor(clock.nowEpochSeconds()))
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': await signatures.sign({ id, timestamp, body }),
    }
    return await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
  }

  return async (notice) => {
    const signal = AbortSignal.timeout(requestTimeoutMilliseconds)
    let response: Response
    try {
      response = await abortable(post(notice, signal), signal)
    } catch (cause) {
      throw failed(origin, whyNoAnswer(cause, signal, requestTimeoutMilliseconds), { cause })
    }
    // The answer is complete without its body, which can be endless.
    response.body?.cancel().catch(() => undefined)
    if (response.ok) return
    const retryAfterSeconds = parseRetryAfter(response.headers.get('retry-after'), {
      nowEpochSeconds: clock.nowEpochSeconds(),
    })
    throw failed(origin, whyRefused(response), { retryAfterSeconds })
  }
}

function messageOf(notice: NeedsReauthNotice, clock: Clock): NeedsReauthMessage {
  const { partition, serverUrl, issuer, resource, clientId, reason, attempt } = notice
  const { oauthError, detail, endedAtEpochSeconds } = notice
  return {
    type: 'grant.needs_reauth',
    timestamp: isoTime(endedAtEpochSeconds) ?? isoTime(clock.nowEpochSeconds()) ?? '',
    data: {
      // Never cut: it could become the name of another user.
      partition,
      ...(serverUrl === undefined ? {} : { serverUrl: identifier(serverUrl) }),
      issuer: identifier(issuer),
      resource: identifier(resource),
      clientId: identifier(clientId),
      reason,
      oauthError: cleanRemoteText(oauthError, maximumErrorLength),
      detail: cleanRemoteText(detail),
      attempt,
    },
  }
}

function identifier(value: string): string {
  return cleanRemoteText(value, maximumIdentifierLength) ?? ''
}

/** `undefined` for a time that a damaged clock wrote. */
function isoTime(epochSeconds: number): string | undefined {
  const time = new Date(epochSeconds * 1000)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}

function whyNoAnswer(cause: unknown, signal: AbortSignal, timeoutMilliseconds: number): string {
  if (EgressError.is(cause)) return cause.message
  if (signal.aborted) return `no answer within ${timeoutMilliseconds / 1000} s`
  const code = systemCodeOf(cause)
  return `it could not be reached${code === undefined ? '' : ` (${code})`}`
}

function whyRefused({ status, type }: Response): string {
  if (type === 'opaqueredirect') return 'it answered with a redirect'
  return `it answered with status ${status}`
}

function failed(
  origin: string,
  why: string,
  options: { readonly cause?: unknown; readonly retryAfterSeconds?: number | undefined },
): EvergrantClientError {
  return new EvergrantClientError(
    'WEBHOOK_FAILED',
    `The webhook at ${origin} did not accept a notice: ${why} (expected status 2xx). The notice is kept. Check the receiver and the option "url".`,
    options,
  )
}
