import type { EventEmitter } from 'node:events'
import type {
  ClientDocumentBindingEvent,
  RefreshTokenEvent,
} from '@evergrant/authorization-server/oidc-provider'
import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { clip, clippedMessage } from '../telemetry/log.ts'
import type { Log } from '../telemetry/log.ts'
import type { ServerEvents } from '../telemetry/stats.ts'

/** Logs what happened to refresh tokens. */
export function logRefreshTokenEvent(log: Log, event: RefreshTokenEvent): void {
  if (event.type === 'issuance-decided') {
    const { issue, reason, riskReason } = event.decision
    const fields = { client: clip(event.clientId), issue, reason, riskReason }
    log({ level: 'info', event: 'refresh_token.issuance', ...fields })
    return
  }
  log({
    level: event.type === 'reuse-detected' ? 'warn' : 'info',
    event: `refresh_token.${event.type}`,
    client: clip(event.clientId),
    grant: event.grantId,
    reason: event.type === 'reuse-detected' ? event.reason : undefined,
  })
}

/** Logs what happened to documents of clients. */
export function logClientDocumentEvent(
  log: Log,
  { type, url, cause }: ClientDocumentBindingEvent,
): void {
  const level = type === 'copy-used' ? 'warn' : 'error'
  const detail = clippedMessage(cause)
  log({ level, event: `client_document.${type}`, url: clip(url), detail })
}

/** The grants that a user takes part in. */
const signInGrants = new Set(['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'])

/** Counts and logs what the engine answers. */
export function observeProvider(provider: Provider, events: ServerEvents, log: Log): void {
  const grantType = (ctx: KoaContextWithOIDC) => {
    const value: unknown = ctx.oidc.params?.['grant_type']
    return typeof value === 'string' ? value : ''
  }
  const refused = (event: string) => (ctx: KoaContextWithOIDC, error: Error) => {
    const client = clip(ctx.oidc.client?.clientId)
    log({ level: 'warn', event, client, ...describeError(error) })
  }
  provider.on('authorization.error', refused('authorization.refused'))
  provider.on('device_authorization.error', refused('device_authorization.refused'))
  provider.on('registration_create.error', refused('registration.refused'))
  provider.on('revocation.error', refused('revocation.refused'))
  provider.on('introspection.error', refused('introspection.refused'))
  provider.on('grant.success', (ctx) => {
    const type = grantType(ctx)
    events.tokenRequest(type, 'success')
    if (signInGrants.has(type)) events.signedIn()
  })
  provider.on('grant.error', (ctx, error) => {
    events.tokenRequest(grantType(ctx), error.error)
    // A client repeats the request every few seconds until the user has approved.
    if (error.error === 'authorization_pending') return
    refused('token.refused')(ctx, error)
  })
  provider.on('server_error', (ctx, error) => {
    if (ctx.oidc.route === 'token') events.tokenRequest(grantType(ctx), 'server_error')
    log({ level: 'error', event: 'server_error', route: ctx.oidc.route, ...describeError(error) })
  })
  // Without a listener, Koa prints stacks to the console.
  const koa: EventEmitter = provider
  koa.on('error', (error: Error) => {
    log({ level: 'error', event: 'server_error', ...describeError(error) })
  })
}

/** The engine's generic description is for the client. The log gets the detail. */
function describeError(error: Error | errors.OIDCProviderError) {
  const own = 'error' in error && typeof error.error === 'string' ? error : undefined
  return {
    error: own?.error ?? error.name,
    detail: clip(own?.error_detail ?? own?.error_description ?? error.message),
  }
}
