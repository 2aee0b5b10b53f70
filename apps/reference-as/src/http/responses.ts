import type { IncomingMessage, ServerResponse } from 'node:http'
import { pageHeaders, renderPage } from '../pages/layout.ts'
import type { Page } from '../pages/layout.ts'

/** Longest form. The forms of this server have a few hundred bytes. */
const maximumFormBytes = 16 * 1024

export function sendPageTo(response: ServerResponse, status: number, page: Page): void {
  response.writeHead(status, { ...pageHeaders(page) }).end(renderPage(page))
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body))
}

/** Reads a form post. `undefined` for another content type or a body that is too long. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') return undefined
  const chunks: Buffer[] = []
  let received = 0
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) return undefined
    received += chunk.byteLength
    if (received > maximumFormBytes) return undefined
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
