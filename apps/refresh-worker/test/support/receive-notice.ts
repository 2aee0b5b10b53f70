// #region receive
import { EvergrantClientError } from '@evergrant/client'
import { verifyWebhook } from '@evergrant/client/refresh-worker'
import type { WebhookSecrets } from '@evergrant/client/refresh-worker'

/**
 * Answers POST /hooks of a gateway.
 *
 * @param saveNotice - Notes that the user must sign in again. It is called again with the same ID if
 *   an answer was lost.
 */
export async function receiveNotice(
  request: Request,
  secret: WebhookSecrets,
  saveNotice: (id: string, userId: string, serverUrl: string | undefined) => Promise<void>,
): Promise<Response> {
  try {
    const { id, message } = await verifyWebhook(request.headers, await request.text(), secret)
    // After a 2xx, the notice is not delivered again. So save it first.
    await saveNotice(id, message.data.partition, message.data.serverUrl)
    return new Response(null, { status: 204 })
  } catch (error) {
    if (EvergrantClientError.is(error) && error.code === 'WEBHOOK_INVALID') {
      return new Response(null, { status: 400 })
    }
    return new Response(null, { status: 503, headers: { 'retry-after': '2' } })
  }
}
// #endregion receive
