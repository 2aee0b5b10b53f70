import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { startServer, virtualClock } from '@evergrant/test-kit'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { guardedFetch } from '../../src/guarded-fetch.ts'
import type { NeedsReauthNotice } from '../../src/refresh-worker.ts'
import { needsReauthWebhook } from '../../src/refresh-worker.ts'
import { webhookReceiver } from '../support/webhook-receiver.ts'

const secret = `whsec_${randomBytes(32).toString('base64')}`
const oldSecret = `whsec_${randomBytes(24).toString('base64')}`

const notice: NeedsReauthNotice = {
  id: 'event-1',
  partition: 'user-1',
  serverUrl: 'https://mcp.example/mcp',
  issuer: 'https://as.example',
  resource: 'https://mcp.example/mcp',
  clientId: 'client-1',
  reason: 'refused',
  oauthError: 'invalid_grant',
  detail: 'The grant was revoked.',
  endedAtEpochSeconds: 1_700_000_000,
  attempt: 1,
}

test('webhook: an independent library verifies the request', { tags: ['C-06'] }, async () => {
  await using receiver = await webhookReceiver()
  await needsReauthWebhook({ url: receiver.url, secret })(notice)
  const [request] = receiver.received
  expect(request).toMatchObject({
    method: 'POST',
    headers: { 'content-type': 'application/json', 'webhook-id': 'event-1' },
  })
  expect(new Webhook(secret).verify(request?.body ?? '', request?.headers ?? {})).toEqual({
    type: 'grant.needs_reauth',
    timestamp: '2023-11-14T22:13:20.000Z',
    data: {
      partition: 'user-1',
      serverUrl: 'https://mcp.example/mcp',
      issuer: 'https://as.example',
      resource: 'https://mcp.example/mcp',
      clientId: 'client-1',
      reason: 'refused',
      oauthError: 'invalid_grant',
      detail: 'The grant was revoked.',
      attempt: 1,
    },
  })
  expect(() => new Webhook(oldSecret).verify(request?.body ?? '', request?.headers ?? {})).toThrow(
    'No matching signature',
  )
})

test('webhook: while a secret is rotated, both secrets sign', async () => {
  await using receiver = await webhookReceiver()
  await needsReauthWebhook({ url: receiver.url, secret: [secret, oldSecret] })(notice)
  const [request] = receiver.received
  for (const one of [secret, oldSecret]) {
    expect(new Webhook(one).verify(request?.body ?? '', request?.headers ?? {})).toBeTruthy()
  }
})

test('webhook: a later delivery has the same ID, and its own time and signature', async () => {
  await using receiver = await webhookReceiver()
  const clock = virtualClock()
  const deliver = needsReauthWebhook({ url: receiver.url, secret, clock })
  await deliver(notice)
  clock.advanceSeconds(3600)
  await deliver({ ...notice, attempt: 2 })
  const [first, second] = receiver.received.map(({ headers }) => headers)
  expect(second?.['webhook-id']).toBe(first?.['webhook-id'])
  expect(Number(second?.['webhook-timestamp'])).toBe(Number(first?.['webhook-timestamp']) + 3600)
  expect(second?.['webhook-signature']).not.toBe(first?.['webhook-signature'])
})

test('webhook: texts of servers are cleaned and cut, and the partition is not', async () => {
  await using receiver = await webhookReceiver()
  const partition = `user\u202e${'u'.repeat(3000)}`
  await needsReauthWebhook({ url: receiver.url, secret })({
    ...notice,
    partition,
    clientId: 'c'.repeat(1_000_000),
    oauthError: `invalid\u0000grant${'e'.repeat(1_000_000)}`,
    detail: `revoked\u001b[2J\r\n${'d'.repeat(1_000_000)}`,
    // As a damaged clock writes it.
    endedAtEpochSeconds: 1e300,
  })
  const [request] = receiver.received
  const message = new Webhook(secret).verify(request?.body ?? '', request?.headers ?? {})
  expect(message).toMatchObject({
    timestamp: expect.stringMatching(/^2\d{3}-/),
    data: {
      partition,
      oauthError: expect.stringMatching(/^invalid grante+…$/),
      detail: expect.stringMatching(/^revoked \[2J d+…$/),
    },
  })
  expect(request?.body.length).toBeLessThan(10_000)
})

describe('webhook: everything but 2xx is a failure', () => {
  test.each([300, 301, 304, 307, 400, 401, 404, 410, 429, 500, 503])(
    'status %i',
    async (status) => {
      const target = await webhookReceiver()
      await using receiver = await webhookReceiver((response) => {
        response.writeHead(status, { location: target.url }).end()
      })
      const failure = await failureOf(receiver.url)
      expect(failure).toMatchObject({
        code: 'WEBHOOK_FAILED',
        message: expect.stringContaining(`it answered with status ${status}`),
      })
      // A redirect would take the notice to a receiver that was not configured.
      expect(target.received).toEqual([])
      await target[Symbol.asyncDispose]()
    },
  )
})

test.each([
  ['60', 60],
  ['Fri, 15 Jan 2027 08:01:00 GMT', 60],
  ['99999999999', 86_400],
  ['soon', undefined],
])('webhook: Retry-After %j is on the error as seconds', async (header, retryAfterSeconds) => {
  await using receiver = await webhookReceiver((response) => {
    response.writeHead(503, { 'retry-after': header }).end()
  })
  const clock = virtualClock(Date.parse('2027-01-15T08:00:00Z') / 1000)
  const failure = await failureOf(receiver.url, { clock })
  expect(failure).toMatchObject({ code: 'WEBHOOK_FAILED', retryAfterSeconds })
})

test.each<[string, (response: ServerResponse) => void]>([
  ['never answers', () => undefined],
  ['never ends its headers', ({ socket }) => socket?.write('HTTP/1.1 200 OK\r\nserver: ')],
])('webhook: a receiver that %s is a failure after the time limit', async (_name, answer) => {
  await using receiver = await webhookReceiver(answer)
  const failure = await failureOf(receiver.url, { requestTimeoutMilliseconds: 30 })
  expect(failure).toMatchObject({
    code: 'WEBHOOK_FAILED',
    message: expect.stringContaining('no answer within 0.03 s'),
  })
})

test('webhook: a fetch that ignores its signal cannot delay the time limit', async () => {
  const failure = await failureOf('https://gateway.example/hooks', {
    requestTimeoutMilliseconds: 30,
    fetch: () => new Promise(() => {}),
  })
  expect(failure).toMatchObject({ message: expect.stringContaining('no answer within 0.03 s') })
})

test('webhook: 200 with an endless body is a success, and the body is canceled', async () => {
  const closed = Promise.withResolvers<void>()
  await using receiver = await webhookReceiver((response) => {
    response.once('close', closed.resolve)
    response.writeHead(200)
    const more = (): void => {
      while (response.write(Buffer.alloc(65_536)));
    }
    response.on('drain', more)
    more()
  })
  await needsReauthWebhook({ url: receiver.url, secret })(notice)
  await closed.promise
  expect(receiver.received).toHaveLength(1)
})

test('webhook: a receiver that cannot be reached, or drops the connection, is a failure', async () => {
  const server = await startServer(() => undefined)
  await server.close()
  expect(await failureOf(`${server.url}/hooks`)).toMatchObject({
    code: 'WEBHOOK_FAILED',
    message: expect.stringContaining('could not be reached (ECONNREFUSED)'),
  })
  await using dropping = await webhookReceiver((response) => response.destroy())
  expect(await failureOf(dropping.url)).toMatchObject({ code: 'WEBHOOK_FAILED' })
})

test('webhook: a guarded fetch refuses a private receiver, and the error says why', async () => {
  const failure = await failureOf('https://10.0.0.5/hooks', { fetch: guardedFetch() })
  expect(failure).toMatchObject({
    code: 'WEBHOOK_FAILED',
    message: expect.stringContaining('10.0.0.5'),
  })
})

test('webhook: errors name the origin, and neither the path nor the secret', async () => {
  await using receiver = await webhookReceiver((response) => response.writeHead(500).end())
  const failure = await failureOf(receiver.url)
  expect(String(failure)).toContain(new URL(receiver.url).origin)
  expect(JSON.stringify([String(failure), failure])).not.toMatch(/path-secret|whsec_/)
})

test.each([
  'http://gateway.example/hooks',
  'https://user:password@gateway.example/hooks',
  'ftp://gateway.example',
  'hooks',
  '',
])('webhook: the URL %j is refused, and not shown', (url) => {
  const create = () => needsReauthWebhook({ url, secret })
  expect(create).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  expect(create).not.toThrow(/gateway|user:|ftp|hooks/)
})

test.each([
  [''],
  [[]],
  ['whsec_'],
  [`whsec_${randomBytes(23).toString('base64')}`],
  [`whsec_${randomBytes(65).toString('base64')}`],
  [randomBytes(32).toString('base64')],
  ['whsec_typing error'],
  [[secret, 'whsec_typing error']],
  [Array.from({ length: 9 }, () => secret)],
])('webhook: unusable secrets are refused, and not shown (%#)', (unusable) => {
  const create = () =>
    needsReauthWebhook({ url: 'https://gateway.example/hooks', secret: unusable })
  expect(create).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  expect(create).not.toThrow(/typing error/)
})

async function failureOf(
  url: string,
  options: Partial<Parameters<typeof needsReauthWebhook>[0]> = {},
): Promise<unknown> {
  return await needsReauthWebhook({ url, secret, ...options })(notice).then(
    () => 'delivered',
    (error: unknown) => error,
  )
}
