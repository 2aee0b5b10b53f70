import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createDirectRefreshHandler } from '../../src/direct-refresh/handler.ts'
import type { DirectRefresh } from '../../src/direct-refresh/direct-refresh.ts'
import { signInWithRefreshToken, startServer } from '../support.ts'

/** A server whose engine answers with the body that it read. */
async function serverWith(refresh: DirectRefresh) {
  const events: string[] = []
  const handle = createDirectRefreshHandler(refresh, {
    tokenRequest: (grantType, outcome) => events.push(`${grantType} ${outcome}`),
  })
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (!(await handle(request, response))) response.end(`engine: ${await text(request)}`)
  }
  const server = createServer((request, response) => void answer(request, response)).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return {
    events,
    post: async (body: string): Promise<Response> =>
      await fetch(`http://127.0.0.1:${address.port}/token`, {
        method: 'POST',
        body: new URLSearchParams(body),
      }),
    [Symbol.dispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const plain = 'grant_type=refresh_token&client_id=c&refresh_token=r'

test('direct refresh: sends and counts what succeeded', async () => {
  using server = await serverWith(async ({ clientId }) => ({ clientId }))
  const answer = await server.post(plain)
  expect([answer.status, await answer.json()]).toEqual([200, { clientId: 'c' }])
  expect(server.events).toEqual(['refresh_token success'])
})

const notAnswered: readonly (readonly [string, DirectRefresh])[] = [
  ['is left', async () => undefined],
  [
    'fails',
    async () => {
      throw new Error('the database is not available')
    },
  ],
]

test.for(notAnswered)(
  'direct refresh: a request that %s reaches the engine with its body',
  async ([, refresh]) => {
    using server = await serverWith(refresh)
    expect(await (await server.post(plain)).text()).toBe(`engine: ${plain}`)
    expect(server.events).toEqual([])
  },
)

test('direct refresh: sends the same headers as the engine', { tags: ['A-08'] }, async () => {
  await using server = await startServer()
  const { client, refreshToken } = await signInWithRefreshToken(server)
  const send = async (token: string, parameters: Record<string, string>) =>
    await fetch(new URL('/token', server.issuer), {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: client.client_id,
        refresh_token: token,
        ...parameters,
      }),
    })
  const direct = await send(refreshToken, {})
  const { refresh_token: next = '' } = (await direct.json()) as { refresh_token?: string }
  // The engine answers a request with a parameter that it does not know.
  const byEngine = await send(next, { unknown: '1' })
  const headersOf = ({ headers }: Response) =>
    [...headers].filter(([name]) => name !== 'date' && name !== 'content-length')
  expect([direct.status, headersOf(direct)]).toEqual([byEngine.status, headersOf(byEngine)])
  expect(server.stats().tokenRequests['refresh_token']).toEqual({ success: 2 })
  expect(server.stats().refreshTokens.rotated).toBe(2)
})
