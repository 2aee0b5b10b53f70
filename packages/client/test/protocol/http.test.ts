import { startServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { getDocument } from '../../src/protocol/get-document.ts'
import { boundedFetch, NoAnswerError } from '../../src/protocol/http.ts'
import { asUnavailable } from '../../src/protocol/unavailable.ts'

const unreachable = 'http://127.0.0.1:1/'

test(
  'http: a caller that aborts gets its own reason, not a timeout',
  { tags: ['C-53'] },
  async () => {
    const arrived = Promise.withResolvers<void>()
    await using server = await startServer(() => {
      arrived.resolve()
    })
    const controller = new AbortController()
    const reason = new Error('aborted')
    const waiting = getDocument(server.url, { signal: controller.signal })
    await arrived.promise
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  },
)

test('http: a body that arrives too slowly counts as no answer', { tags: ['C-53'] }, async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{')
  })
  await expect(getDocument(server.url, { requestTimeoutMilliseconds: 100 })).rejects.toMatchObject({
    reason: 'timeout',
  })
})

test(
  'http: an answer that arrived while the process was suspended is read after the time limit',
  { tags: ['C-52', 'C-53'] },
  async () => {
    // Long enough for a busy machine to deliver the request before the limit.
    const requestTimeoutMilliseconds = 2000
    await using server = await startServer((_, response) => {
      response.end('{"rotated":true}')
      // The answer has arrived in the socket. This blocks the process until the limit is over.
      const blocked = new Int32Array(new SharedArrayBuffer(4))
      Atomics.wait(blocked, 0, 0, requestTimeoutMilliseconds + 300)
    })
    const answer = await getDocument(server.url, { requestTimeoutMilliseconds })
    expect(answer.text).toBe('{"rotated":true}')
  },
)

test('http: the limit of the body counts bytes', { tags: ['C-53'] }, async () => {
  await using server = await startServer((_, response) => {
    response.end('é'.repeat(10))
  })
  expect((await getDocument(server.url, { maximumBodyBytes: 20 })).text).toBe('é'.repeat(10))
  await expect(getDocument(server.url, { maximumBodyBytes: 19 })).rejects.toMatchObject({
    reason: 'too-large',
  })
})

test(
  'http: a request with secrets follows no redirect, not even to its own URL',
  { tags: ['C-06'] },
  async () => {
    let requests = 0
    await using server = await startServer((_, response) => {
      requests += 1
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    const response = await boundedFetch({})(server.url, { method: 'POST', body: 'code=x' })
    expect(response.status).toBe(307)
    expect(requests).toBe(1)
  },
)

test('http: a redirect that a browser hides is no answer', { tags: ['C-53'] }, async () => {
  const hidden = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' })
  await expect(
    boundedFetch({ fetch: () => Promise.resolve(hidden) })('https://auth.test/token'),
  ).rejects.toMatchObject({ reason: 'unreachable' })
})

test.each([204, 205, 304])(
  'http: status %i is an answer without a body',
  { tags: ['C-57'] },
  async (status) => {
    await using server = await startServer((_, response) => {
      response.writeHead(status).end()
    })
    expect((await boundedFetch({})(server.url)).status).toBe(status)
  },
)

test('http: an unknown status is no answer', { tags: ['C-53'] }, async () => {
  await using server = await startServer((_, response) => {
    response.writeHead(999).end()
  })
  await expect(boundedFetch({})(server.url)).rejects.toMatchObject({
    reason: 'unreachable',
    message: `${server.url} answered with status 999 (expected 200 to 599)`,
  })
})

test(
  'http: the error of an unreachable server contains the system error code and allows a retry',
  { tags: ['C-53'] },
  async () => {
    const error: unknown = await getDocument(`${unreachable}?secret=x`, {}).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(NoAnswerError)
    expect(asUnavailable(error, 'It failed')).toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
      message: expect.stringMatching(/^It failed: http:\/\/127\.0\.0\.1:1 could not be reached/),
    })
    expect(String(error)).not.toContain('secret')
    const other = new TypeError('mine')
    expect(asUnavailable(other, 'It failed')).toBe(other)
  },
)
