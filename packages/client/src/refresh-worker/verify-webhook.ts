import { showRemote } from '@evergrant/core'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { EvergrantClientError } from '../lib/errors.ts'
import { isObject } from '../lib/is-object.ts'
import { parseJson } from '../protocol/http.ts'
import type { NeedsReauthMessage } from './webhook.ts'
import type { WebhookSecrets } from './webhook-signature.ts'
import { webhookSignatures } from './webhook-signature.ts'

/** Headers of a request: of the Fetch standard, or of Node.js. */
export type WebhookHeaders =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** Options of {@link verifyWebhook}. */
export interface VerifyWebhookOptions {
  /** How far the time of the request may be from this clock, in seconds. Default 300. */
  readonly toleranceSeconds?: number | undefined
  readonly clock?: Pick<Clock, 'nowEpochSeconds'> | undefined
}

/** A message whose signature was verified. */
export interface VerifiedWebhook {
  /** The same for every delivery of one event. Use it to ignore repetitions. */
  readonly id: string
  readonly message: NeedsReauthMessage
}

const defaultToleranceSeconds = 300

/**
 * Verifies a request of {@link needsReauthWebhook}, and returns its message.
 *
 * @param headers - Of the request. Names in any case for `Headers`, otherwise in lower case.
 * @param body - As received, before any parsing. Limit its size before you read it.
 * @param secret - One secret, or several while you rotate them.
 * @throws EvergrantClientError `WEBHOOK_INVALID` if a header is missing, the time is too far away, no
 *   signature fits, or the body is not such a message; `INVALID_OPTION`
 * @example
 * const { id, message } = await verifyWebhook(request.headers, await request.text(), secret)
 */
export async function verifyWebhook(
  headers: WebhookHeaders,
  body: string | Uint8Array<ArrayBuffer>,
  secret: WebhookSecrets,
  options: VerifyWebhookOptions = {},
): Promise<VerifiedWebhook> {
  const { toleranceSeconds = defaultToleranceSeconds, clock = systemClock } = options
  const signatures = webhookSignatures(secret, 'secret')
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const signature = headerOf(headers, 'webhook-signature')
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw invalid('the header webhook-timestamp is not a number of seconds')
  }
  const differenceSeconds = Math.abs(clock.nowEpochSeconds() - Number(timestamp))
  if (!(differenceSeconds <= toleranceSeconds)) {
    throw invalid(
      `its time differs by ${Math.round(differenceSeconds)} s from this clock (expected at most ${toleranceSeconds} s)`,
    )
  }
  if (!(await signatures.verify({ id, timestamp, body }, signature))) {
    throw invalid('no signature fits the secret')
  }
  return {
    id,
    message: messageOf(typeof body === 'string' ? body : new TextDecoder().decode(body)),
  }
}

function messageOf(text: string): NeedsReauthMessage {
  const message = parseJson(text)
  if (!isObject(message)) throw invalid('its body is not a JSON object')
  const { type, timestamp, data } = message
  if (type !== 'grant.needs_reauth') {
    throw invalid(`its type is ${showRemote(type)} (expected "grant.needs_reauth")`)
  }
  if (typeof timestamp !== 'string' || !isObject(data)) {
    throw invalid('its member timestamp or data is missing')
  }
  // The signature shows that the sender has the secret, and senders write this type.
  return { type, timestamp, data: data as unknown as NeedsReauthMessage['data'] }
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  if (typeof value === 'string' && value !== '') return value
  throw invalid(`the header ${name} is missing or repeated`)
}

function invalid(why: string): EvergrantClientError {
  return new EvergrantClientError(
    'WEBHOOK_INVALID',
    `The webhook request cannot be trusted: ${why}. Answer with status 400, and check the secret and the clock of both sides.`,
  )
}
