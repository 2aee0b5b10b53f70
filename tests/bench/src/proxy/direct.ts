import { Agent, request } from 'node:http'
import { median } from '../statistics.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

/** The median time of a call without a proxy, in milliseconds. */
export async function directCalls(url: string, calls: number): Promise<number> {
  const durations: number[] = []
  for (let call = 0; call < calls; call += 1) {
    const sentAt = performance.now()
    await callOnce(url, call)
    durations.push(performance.now() - sentAt)
  }
  return median(durations)
}

function callOnce(url: string, id: number): Promise<void> {
  const params = { name: 'echo', arguments: {} }
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
  return new Promise((resolve, reject) => {
    const sending = request(
      url,
      {
        method: 'POST',
        agent,
        headers: {
          authorization: 'Bearer opaque',
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        response.resume()
        response.once('end', resolve)
      },
    )
    sending.once('error', reject)
    sending.end(body)
  })
}
