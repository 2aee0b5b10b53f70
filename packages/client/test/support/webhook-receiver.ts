import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { readBody, startServer } from '@evergrant/test-kit'

/** A request as a receiver of webhooks reads it. */
export interface ReceivedWebhook {
  readonly method: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A receiver of webhooks that records requests and answers as a test scripts it. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string
  readonly received: readonly ReceivedWebhook[]
}

/** @param answer - Default: status 204. */
export async function webhookReceiver(
  answer: (response: ServerResponse) => void = (response) => response.writeHead(204).end(),
): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = []
  const server = await startServer(async (request, response) => {
    const body = await readBody(request)
    received.push({ method: request.method, headers: single(request.headers), body })
    answer(response)
  })
  return {
    url: `${server.url}/hooks/path-secret`,
    received,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function single(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
