import type { IncomingMessage, ServerResponse } from 'node:http'
import { refusedRequestPage } from '../pages/message-pages.ts'
import { oversized } from './authorization-request.ts'
import { readForm, sendPageTo } from './responses.ts'

/**
 * Answers an authorization request that was sent as a form (OpenID Connect Core §3.1.2.1): redirects
 * to the same request as a GET. The browser sends the session cookie with that navigation, which it
 * does not send with a form post from another site (`SameSite=Lax`). Nothing is stored.
 */
export async function redirectPostedAuthorization(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const form = await readForm(request)
  if (form === undefined) {
    const detail =
      'an authorization request by POST must be a form (application/x-www-form-urlencoded) of at most 16 KB'
    sendPageTo(response, 400, refusedRequestPage(detail))
    return
  }
  const query = form.toString()
  const tooLarge = oversized(path, query)
  if (tooLarge !== undefined) {
    sendPageTo(response, tooLarge.status, refusedRequestPage(tooLarge.detail))
    return
  }
  response.writeHead(303, { location: `${path}?${query}`, 'cache-control': 'no-store' }).end()
}
