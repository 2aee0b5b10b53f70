import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Chain, Contestant } from './contestants.ts'

/** The connections of the load. Destroy it at the end. */
export const agent: Agent = new Agent({ keepAlive: true })

/**
 * Lets every chain refresh for a while, each one request after the other.
 *
 * @returns Grants per second of all chains.
 */
export async function load(contestant: Contestant, milliseconds: number): Promise<number> {
  const { tokenEndpoints, parameters, chains, latenciesMilliseconds, pause } = contestant
  pause?.(false)
  const begin = performance.now()
  let grants = 0
  await Promise.all(
    chains.map(async (chain, index) => {
      for (let turn = index; performance.now() - begin < milliseconds; turn += 1) {
        const sent = performance.now()
        const endpoint = tokenEndpoints[turn % tokenEndpoints.length]
        if (endpoint === undefined) throw new Error('expected a token endpoint')
        chain.refreshToken = await refresh(endpoint, chain, parameters)
        latenciesMilliseconds.push(performance.now() - sent)
        grants += 1
      }
    }),
  )
  const rate = (grants * 1000) / (performance.now() - begin)
  pause?.(true)
  return rate
}

async function refresh(
  endpoint: URL,
  { clientId, refreshToken }: Chain,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: refreshToken,
    ...parameters,
  }).toString()
  const sent = request(endpoint, {
    method: 'POST',
    agent,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    },
  })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const answer = JSON.parse(await text(response)) as { refresh_token?: string; error?: string }
  if (answer.refresh_token === undefined || answer.refresh_token === refreshToken) {
    throw new Error(`expected a rotated refresh token, got ${answer.error ?? 'the same one'}`)
  }
  return answer.refresh_token
}
