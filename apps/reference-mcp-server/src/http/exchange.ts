import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { requesterNetwork } from '@evergrant/core/network'
import type { RefusalReason } from '@evergrant/resource-server'

/** Why a request was refused, for logs and counters. */
export type ExchangeRefusal =
  | RefusalReason
  | 'foreign-host'
  | 'foreign-origin'
  | 'nameless-caller'
  | 'message-invalid'
  | 'too-many-requests'
  | 'too-many-refusals'

/** What is known about one request besides its content. Filled in while it is answered. */
export interface Exchange {
  /** In the log, and in the header `X-Request-Id` of the response. */
  readonly id: string
  /** The network of the client, which limits count. */
  readonly network: string
  /** What was requested, in names of this server only. */
  operation: string
  reason?: ExchangeRefusal
  /** Distinguishes callers without naming them. */
  caller?: string
}

/** @param trustedProxies - See `requesterNetwork`. */
export function newExchange(incoming: IncomingMessage, trustedProxies: number): Exchange {
  const { socket, headers } = incoming
  return {
    id: randomUUID(),
    network: requesterNetwork(
      socket.remoteAddress ?? '',
      headers['x-forwarded-for'],
      trustedProxies,
    ),
    operation: 'other',
  }
}
