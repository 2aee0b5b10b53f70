import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { startServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { createSession } from '../src/index.ts'
import { ProxyError, proxyFetch } from '../src/proxy-fetch.ts'
import { memoryStore } from '../src/stores/memory.ts'

/** A proxy that leads every host to one local server, or refuses to connect. */
async function startProxy({
  port = 0,
  refuseWith,
  silence,
}: { port?: number; refuseWith?: number; silence?: 'wait' | 'close' } = {}) {
  const connects: string[] = []
  const credentials: (string | undefined)[] = []
  const sockets = new Set<Socket>()
  const server = createServer()
  server.on('connection', (socket: Socket) => void sockets.add(socket))
  server.on('connect', (request, client: Socket) => {
    connects.push(request.url ?? '')
    credentials.push(request.headers['proxy-authorization'])
    client.on('error', () => undefined)
    if (silence === 'close') client.end()
    if (silence !== undefined) return
    if (refuseWith !== undefined) {
      client.end(`HTTP/1.1 ${refuseWith} Refused\r\n\r\n`)
      return
    }
    const target = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.pipe(client)
      client.pipe(target)
    })
    sockets.add(target)
    target.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    authority,
    url: `http://${authority}`,
    connects,
    credentials,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const echo = () =>
  startServer((request, response) => {
    response.end(`${request.method} ${request.headers.host} ${request.url}`)
  })

test.each([
  ['HTTP_PROXY', (url: string) => ({ HTTP_PROXY: url })],
  ['http_proxy', (url: string) => ({ http_proxy: url })],
  [
    'the lower case, which wins',
    (url: string) => ({ http_proxy: url, HTTP_PROXY: 'http://127.0.0.1:1' }),
  ],
  ['a proxy without a scheme', (url: string) => ({ HTTP_PROXY: url.replace('http://', '') })],
  ['an empty lower case', (url: string) => ({ http_proxy: '', HTTP_PROXY: url })],
])('proxy: uses %s', async (_what, environment) => {
  await using target = await echo()
  await using proxy = await startProxy({ port: target.port })
  const fetch = proxyFetch(environment(proxy.url))
  const response = await fetch('http://mcp.test/path', { method: 'POST', body: 'x' })
  expect(response).toBeInstanceOf(Response)
  expect(await response.text()).toBe('POST mcp.test /path')
  expect(proxy.connects).toEqual(['mcp.test:80'])
})

test('proxy: HTTPS_PROXY is for https, and HTTP_PROXY is used for https without it', async () => {
  await using proxy = await startProxy({ refuseWith: 502 })
  for (const environment of [{ HTTPS_PROXY: proxy.url }, { HTTP_PROXY: proxy.url }]) {
    await expect(proxyFetch(environment)('https://mcp.test/')).rejects.toThrow(ProxyError)
  }
  expect(proxy.connects).toEqual(['mcp.test:443', 'mcp.test:443'])
})

test('proxy: sends the credentials of its URL, and shows them in no error', async () => {
  await using proxy = await startProxy({ refuseWith: 407 })
  const url = `http://user:pa55word@${proxy.authority}`
  const fetch = proxyFetch({ HTTPS_PROXY: url })
  const error = await fetch('https://mcp.test/').catch((caught: unknown) => caught)
  expect(proxy.credentials).toEqual([`Basic ${btoa('user:pa55word')}`])
  expect(error).toMatchObject({
    name: 'ProxyError',
    status: 407,
    proxy: { variable: 'HTTPS_PROXY', origin: proxy.url },
  })
  expect(String(error)).not.toContain('pa55word')
  expect(JSON.stringify(error)).not.toContain('pa55word')
})

test.each([
  ['the host', 'other.test,mcp.test'],
  ['a domain', '.test'],
  ['everything', '*'],
])('proxy: NO_PROXY with %s is respected', async (_what, noProxy) => {
  await using proxy = await startProxy({ refuseWith: 502 })
  const fetch = proxyFetch({ HTTP_PROXY: proxy.url, NO_PROXY: noProxy })
  // Reaching the host directly fails, because it does not exist.
  await expect(fetch('http://mcp.test/')).rejects.toThrow(/failed/)
  expect(proxy.connects).toEqual([])
})

test.each(['127.0.0.1', 'localhost'])('proxy: %s is always reached directly', async (host) => {
  await using target = await echo()
  await using proxy = await startProxy({ refuseWith: 502 })
  const fetch = proxyFetch({ HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url })
  const response = await fetch(`http://${host}:${target.port}/x`)
  expect(await response.text()).toBe(`GET ${host}:${target.port} /x`)
  expect(proxy.connects).toEqual([])
})

test.each([
  ['HTTPS_PROXY', 'file:///etc/proxy'],
  ['HTTP_PROXY', 'ftp://u:pa55word@proxy.test'],
  ['https_proxy', 'http://[:pa55word'],
])('proxy: refuses %s=%s without showing it', (variable, value) => {
  expect(() => proxyFetch({ [variable]: value })).toThrow(
    expect.objectContaining({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(new RegExp(`^(?!.*pa55word).*${variable}`)),
    }),
  )
})

test('proxy: the error of a session names the variable, the proxy and its answer', async () => {
  await using proxy = await startProxy({ refuseWith: 403 })
  const session = createSession('https://mcp.test/mcp', {
    store: memoryStore(),
    client: { name: 'App' },
    signIn: { kind: 'redirect', redirectUri: 'https://gateway.test/callback' },
    fetch: proxyFetch({ HTTPS_PROXY: proxy.url }),
  })
  await expect(session.signIn()).rejects.toMatchObject({
    code: 'TEMPORARILY_UNAVAILABLE',
    message: expect.stringMatching(
      /mcp\.test could not be reached.*HTTPS_PROXY names the proxy http:\/\/127\.0\.0\.1:\d+, which answered with status 403.*NO_PROXY/,
    ),
  })
})

test('proxy: the error of a request that a proxy does not answer in time names the proxy', async () => {
  await using proxy = await startProxy({ silence: 'wait' })
  const session = createSession('https://mcp.test/mcp', {
    store: memoryStore(),
    client: { name: 'App' },
    signIn: { kind: 'redirect', redirectUri: 'https://gateway.test/callback' },
    fetch: proxyFetch({ HTTPS_PROXY: proxy.url }),
    requestTimeoutMilliseconds: 50,
  })
  await expect(session.signIn()).rejects.toMatchObject({
    code: 'TEMPORARILY_UNAVAILABLE',
    message: expect.stringMatching(
      /mcp\.test gave no complete answer within 0\.05 s; HTTPS_PROXY names the proxy http:/,
    ),
  })
})

test('proxy: a canceled request is rejected with the reason of its signal', async () => {
  await using proxy = await startProxy({ silence: 'wait' })
  const reason = new Error('the user canceled')
  const request = proxyFetch({ HTTPS_PROXY: proxy.url })('https://mcp.test/', {
    signal: AbortSignal.abort(reason),
  })
  await expect(request).rejects.toBe(reason)
})

test('proxy: a proxy that closes the connection without an answer gets one request', async () => {
  await using proxy = await startProxy({ silence: 'close' })
  const signal = AbortSignal.timeout(5000)
  await expect(
    proxyFetch({ HTTPS_PROXY: proxy.url })('https://mcp.test/', { signal }),
  ).rejects.toThrow(`HTTPS_PROXY names the proxy ${proxy.url}`)
  expect(signal.aborted).toBe(false)
  expect(proxy.connects).toEqual(['mcp.test:443'])
})
