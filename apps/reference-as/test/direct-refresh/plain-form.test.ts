import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { readPlainForm } from '../../src/direct-refresh/plain-form.ts'
import type { PlainForm } from '../../src/direct-refresh/plain-form.ts'

interface Received {
  readonly form: PlainForm | undefined
  /** As the engine reads it afterwards. */
  readonly body: string
}

/** Sends the parts of a request one after the other, each when the server waits for it. */
async function receivedBy(...parts: readonly string[]): Promise<Received> {
  const server = createServer().listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('expected a port')
    const socket = connect(address.port, '127.0.0.1')
    const [head = '', ...rest] = parts
    socket.write(head)
    const [request] = (await once(server, 'request')) as [IncomingMessage]
    const reading = readPlainForm(request)
    for (const part of rest) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      socket.write(part)
    }
    const form = await reading
    const chunks = request[Symbol.asyncIterator]()
    let body = ''
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      body += String(next.value)
    }
    socket.destroy()
    return { form, body }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

const plain = 'grant_type=refresh_token&client_id=c&refresh_token=r'
const formType = 'content-type: application/x-www-form-urlencoded'
const requestOf = (body: string, headers: readonly string[] = [formType]) =>
  [
    'POST /token HTTP/1.1',
    'host: as.test',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n')

describe('plain forms', () => {
  test.for([
    ['a refresh', plain, undefined],
    [
      'a refresh for a resource',
      `${plain}&resource=https%3A%2F%2Fmcp.test%2F`,
      'https://mcp.test/',
    ],
    [
      'parameters in another order',
      'refresh_token=r&client_id=c&grant_type=refresh_token',
      undefined,
    ],
  ] as const)(
    'plain form: reads %s and leaves the body to read again',
    async ([, body, resource]) => {
      expect(await receivedBy(requestOf(body))).toEqual({
        form: { clientId: 'c', refreshToken: 'r', resource },
        body,
      })
    },
  )

  test('plain form: reads a content type with a charset', async () => {
    const { form } = await receivedBy(requestOf(plain, [`${formType};charset=UTF-8`]))
    expect(form).toBeDefined()
  })

  test('plain form: reads a body that arrives in pieces', async () => {
    const whole = requestOf(plain)
    const end = whole.length - plain.length
    const parts = [whole.slice(0, end), plain.slice(0, 5), plain.slice(5, 20), plain.slice(20)]
    expect(await receivedBy(...parts)).toEqual({
      form: { clientId: 'c', refreshToken: 'r', resource: undefined },
      body: plain,
    })
  })

  test.for([
    'grant_type=authorization_code&client_id=c&code=r',
    'grant_type=refresh_token&client_id=c',
    'grant_type=refresh_token&refresh_token=r',
    `${plain}&scope=mcp%3Aread`,
    `${plain}&client_secret=s`,
    `${plain}&client_assertion=a`,
    `${plain}&authorization_details=%5B%5D`,
    `${plain}&unknown=1`,
    `${plain}&refresh_token=r`,
    `${plain}&client_id=c`,
    `${plain}&grant_type=refresh_token`,
    `${plain}&resource=`,
    `${plain}&resource=a&resource=b`,
    `${plain}&__proto__=1`,
    `\uFEFF${plain}`,
    '{"grant_type":"refresh_token"}',
    `${plain}&x=${'y'.repeat(9000)}`,
  ])('plain form: leaves the body %s to the engine', async (body) => {
    expect(await receivedBy(requestOf(body))).toEqual({ form: undefined, body })
  })

  test.for([
    ['another way to authenticate', 'authorization: Basic Yzpz'],
    ['a proof', 'dpop: proof'],
    ['an attestation', 'oauth-client-attestation: jwt'],
    ['a page of another origin', 'origin: https://page.test'],
    ['an encoded body', 'content-encoding: gzip'],
  ])('plain form: leaves a request with %s to the engine', async ([, header = '']) => {
    expect(await receivedBy(requestOf(plain, [formType, header]))).toEqual({
      form: undefined,
      body: plain,
    })
  })

  test.for([
    ['no content type', []],
    ['a JSON body', ['content-type: application/json']],
    ['another charset', [`${formType}; charset=utf-16`]],
  ] as const)('plain form: leaves a request with %s to the engine', async ([, headers]) => {
    expect((await receivedBy(requestOf(plain, headers))).form).toBeUndefined()
  })

  test('plain form: leaves a chunked body to the engine', async () => {
    const head = ['POST /token HTTP/1.1', 'host: as.test', 'transfer-encoding: chunked', formType]
    const chunk = `${plain.length.toString(16)}\r\n${plain}\r\n0\r\n\r\n`
    expect(await receivedBy([...head, '', chunk].join('\r\n'))).toEqual({
      form: undefined,
      body: plain,
    })
  })

  test('plain form: ends when the client leaves before the body is complete', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('expected a port')
    const socket = connect(address.port, '127.0.0.1')
    socket.write(requestOf(plain).slice(0, -10))
    const [request] = (await once(server, 'request')) as [IncomingMessage]
    const reading = readPlainForm(request)
    socket.destroy()
    expect(await reading).toBeUndefined()
    expect(request.destroyed).toBe(true)
    server.close()
  })
})

test('plain form: the body is read as text once', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  server.once('request', (request, response) => {
    void readPlainForm(request).then(async () => response.end(await text(request)))
  })
  const answer = await fetch(`http://127.0.0.1:${address.port}`, {
    method: 'POST',
    body: new URLSearchParams(plain),
  })
  expect(await answer.text()).toBe(plain)
  server.close()
  server.closeAllConnections()
})
