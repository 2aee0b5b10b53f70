import { expect, test } from 'vitest'
import { startGateway, startServer } from '../src/index.ts'

test('gateway: passes a request on by its path, with the host that the client named', async () => {
  await using gateway = await startGateway()
  await using one = await startServer((request, response) => {
    response.writeHead(201, { 'x-server': 'one' }).end(request.headers.host)
  })
  await using other = await startServer((_, response) => {
    response.end('other')
  })
  gateway.route(['/'], one.url)
  gateway.route(['/mcp'], other.url)

  const first = await fetch(`${gateway.origin}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token' }),
  })
  expect(first.status).toBe(201)
  expect(first.headers.get('x-server')).toBe('one')
  expect(await first.text()).toBe(new URL(gateway.origin).host)
  expect(await (await fetch(`${gateway.origin}/mcp/notes?page=2`)).text()).toBe('other')
  expect(await (await fetch(`${gateway.origin}/mcpx`)).text()).toBe(new URL(gateway.origin).host)

  expect(
    gateway.requests().map(({ method, path, query, form }) => [method, path, query, form]),
  ).toEqual([
    ['POST', '/token', {}, { grant_type: 'refresh_token' }],
    ['GET', '/mcp/notes', { page: '2' }, {}],
    ['GET', '/mcpx', {}, {}],
  ])
})

test('gateway: ends the request behind it when the client leaves', async () => {
  await using gateway = await startGateway()
  const left = Promise.withResolvers<void>()
  await using stream = await startServer((_, response) => {
    response.once('close', () => left.resolve())
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
  })
  gateway.route(['/events'], stream.url)

  const abort = new AbortController()
  const answer = await fetch(`${gateway.origin}/events`, { signal: abort.signal })
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  abort.abort()
  await left.promise
})
