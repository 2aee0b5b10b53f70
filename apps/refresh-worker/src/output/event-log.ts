import type { ClientEvent } from '@evergrant/client'
import { EvergrantClientError } from '@evergrant/client'
import type { RefreshWorkerEvent } from '@evergrant/client/refresh-worker'
import { systemCodeOf } from '../lib/errors.ts'
import type { Log } from './log.ts'

/** Logs what an operator acts on. Refreshes that succeed are only counted: see the metrics. */
export function eventLog(log: Log): (event: ClientEvent | RefreshWorkerEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'refresh-worker-paused': {
        const { issuer, because, untilEpochSeconds } = event
        log({
          level: 'warn',
          event: event.type,
          issuer,
          because,
          until: isoTime(untilEpochSeconds),
        })
        break
      }
      case 'refresh-worker-failed':
        log({ level: 'error', event: event.type, issuer: event.issuer, ...described(event.error) })
        break
      case 'refresh-worker-notified':
        log({ level: 'info', event: event.type, issuer: event.issuer, attempt: event.attempt })
        break
      case 'refresh-worker-notice-failed': {
        const { issuer, attempt, retryAfterSeconds, error } = event
        const retry = { issuer, attempt, retryAfterSeconds }
        log({ level: 'warn', event: event.type, ...retry, ...described(error) })
        break
      }
      case 'refresh-failed': {
        const { issuer, resource, outcome, oauthError, retryAfterSeconds } = event
        const server = { issuer, resource }
        const answer = { outcome, oauthError, retryAfterSeconds }
        log({ level: 'warn', event: event.type, ...server, ...answer })
        break
      }
      case 'grant-ended': {
        const { issuer, resource, reason } = event
        log({ level: 'info', event: event.type, issuer, resource, reason })
        break
      }
      case 'save-failed':
        log({ level: 'error', event: event.type, issuer: event.issuer, resource: event.resource })
        break
      case 'refresh-recovering': {
        const { issuer, resource, attempts } = event
        log({ level: 'info', event: event.type, issuer, resource, attempts })
        break
      }
      default:
    }
  }
}

/** The code and the message of an error. Errors of the packages contain no secret. */
export function described(error: unknown): { readonly code?: string; readonly message: string } {
  const code = EvergrantClientError.is(error) ? error.code : systemCodeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  const cause = EvergrantClientError.is(error) ? systemCodeOf(error.cause) : undefined
  return {
    ...(code === undefined ? {} : { code }),
    message: cause === undefined ? message : `${message} (${cause})`,
  }
}

function isoTime(epochSeconds: number): string | undefined {
  const time = new Date(epochSeconds * 1000)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}
