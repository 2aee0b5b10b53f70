import { request } from 'node:http'
import { expect, test } from 'vitest'
import { startMcpServer } from '../src/index.ts'
import { startNotes } from './notes.ts'

test.each([
  { host: 'evil.example.com' },
  { origin: 'https://evil.example.com' },
  { origin: 'null' },
])('request: from a rebound or foreign page gets 403: %j', async (headers) => {
  await using setup = await startNotes()
  const { port } = new URL(setup.server.url)
  const status = await new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path: '/mcp', method: 'POST', headers },
      (response) => {
        response.resume()
        resolve(response.statusCode)
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
  expect(status).toBe(403)
})

test('request: another path gets 404 and is not counted', async () => {
  await using setup = await startNotes()
  expect((await fetch(new URL('/elsewhere', setup.server.url))).status).toBe(404)
  expect(setup.server.stats().requests).toBe(0)
})

test('server: an address beyond loopback requires resource', async () => {
  const options = { authorizationServer: 'https://as.example.com', host: '0.0.0.0' }
  await expect(startMcpServer(options)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
})

test('server: the error names the port that is in use', async () => {
  await using setup = await startNotes()
  const port = Number(new URL(setup.server.url).port)
  const options = { authorizationServer: setup.as.issuer, port }
  await expect(startMcpServer(options)).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('EADDRINUSE'),
  })
})

test('server: close() stops listening, and can be called twice', async () => {
  await using setup = await startNotes()
  await Promise.all([setup.server.close(), setup.server.close()])
  await expect(fetch(setup.server.url)).rejects.toThrow('fetch failed')
})

test.each([
  ['maximumMessagesPerMinute', -1],
  ['maximumRefusalsPerMinute', 0.5],
  ['trustedProxies', Number.NaN],
  ['shutdownTimeoutMilliseconds', 1e9],
  ['requestTimeoutMilliseconds', Number.POSITIVE_INFINITY],
])('server: refuses %s: %d', async (name, value) => {
  const options = { authorizationServer: 'https://as.example.com', [name]: value }
  await expect(startMcpServer(options)).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining(name),
  })
})
