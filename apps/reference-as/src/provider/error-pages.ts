import { isClientDocumentUnavailable } from '@evergrant/authorization-server/oidc-provider'
import { isClientIdMetadataUrl } from '@evergrant/core/registration'
import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { pageHeaders, renderPage } from '../pages/layout.ts'
import type { Page } from '../pages/layout.ts'
import { messagePage, refusedRequestPage, unregisteredPage } from '../pages/message-pages.ts'

/** An error, in the words that the engine sends to clients. */
export interface ErrorOut {
  readonly error: string
  readonly error_description?: string | undefined
}

/**
 * Answers with a page about an error.
 *
 * @param unusedRegistrationSeconds - How long an unused registration is kept.
 */
export function showError(
  ctx: KoaContextWithOIDC,
  out: ErrorOut,
  error: Error,
  unusedRegistrationSeconds: number,
): void {
  if (isClientDocumentUnavailable(error)) {
    ctx.status = 503
    const page = messagePage(
      'This sign-in cannot continue right now',
      'The website that describes this application does not answer. You made no mistake. Go back ' +
        'to the application in a minute and start again.',
    )
    sendPage(ctx, page)
  } else if (isUnregistered(ctx, error)) {
    sendPage(ctx, unregisteredPage(unusedRegistrationSeconds))
  } else {
    sendPage(ctx, refusedRequestPage(`${out.error}: ${out.error_description ?? out.error}`))
  }
}

/** Whether an authorization request names a client that is not registered, but could be. */
function isUnregistered(ctx: KoaContextWithOIDC, error: Error): boolean {
  const clientId = ctx.query['client_id']
  return (
    error instanceof errors.InvalidClient &&
    ctx.oidc.client === undefined &&
    typeof clientId === 'string' &&
    !isClientIdMetadataUrl(clientId)
  )
}

/** Sends a page through the engine's context. */
export function sendPage(ctx: KoaContextWithOIDC, page: Page): void {
  ctx.set({ ...pageHeaders(page) })
  ctx.body = renderPage(page)
}
