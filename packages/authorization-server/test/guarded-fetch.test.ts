import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { RequestListener } from 'node:http'
import type { LookupFunction, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { createGuardedFetch, isPublicAddress } from '../src/guarded-fetch.ts'

const fixture = (name: string) =>
  readFileSync(new URL(`fixtures/client.example.${name}.pem`, import.meta.url), 'utf8')

const ca = fixture('cert')

const loopbackLookup: LookupFunction = (_hostname, _options, callback) =>
  callback(null, [{ address: '127.0.0.1', family: 4 }])

async function documentServer(listener: RequestListener) {
  let requests = 0
  const server = createServer({ cert: ca, key: fixture('key') }, (request, response) => {
    requests += 1
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    get requests() {
      return requests
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A TLS server that answers with these bytes, valid HTTP or not. */
async function rawServer(answer: string) {
  const server = createTlsServer({ cert: ca, key: fixture('key') }, (socket) => {
    // The client closes the connection, as the test expects.
    socket.on('error', () => {})
    socket.once('data', () => socket.write(answer))
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('addresses', () => {
  test.each([
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'fd00:ec2::254',
    'localhost',
    '',
  ])('guard: %s is not public', { tags: ['A-09'] }, (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450::1'])(
    'guard: %s is public',
    { tags: ['A-09'] },
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )
})

describe('URLs refused before any connection', () => {
  const never = createGuardedFetch({
    lookup: () => {
      throw new Error('unexpected lookup')
    },
  })
  test.each([
    ['plain http', 'http://client.example/metadata.json'],
    ['credentials', 'https://user:secret@client.example/metadata.json'],
    ['loopback', 'https://127.0.0.1/metadata.json'],
    ['loopback as a decimal number', 'https://2130706433/metadata.json'],
    ['loopback in hexadecimal', 'https://0x7f000001/metadata.json'],
    ['loopback in octal', 'https://0177.0.0.1/metadata.json'],
    ['loopback, short form', 'https://127.1/metadata.json'],
    ['IPv6 loopback', 'https://[::1]/metadata.json'],
    ['mapped IPv4', 'https://[::ffff:169.254.169.254]/metadata.json'],
    ['cloud metadata', 'https://169.254.169.254/latest/meta-data/'],
  ])('guard: refuses %s before any connection', { tags: ['A-09'] }, async (_, url) => {
    await expect(never(url)).rejects.toThrow(expect.objectContaining({ code: 'FETCH_REFUSED' }))
    await expect(never(url)).rejects.not.toThrow('secret')
  })
})

test(
  'guard: refuses a name that resolves to a private address, also among public ones',
  { tags: ['A-09'] },
  async () => {
    for (const addresses of [['10.0.0.5'], ['8.8.8.8', '127.0.0.1']]) {
      const fetchDocument = createGuardedFetch({
        lookup: (_hostname, _options, callback) =>
          callback(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          ),
      })
      await expect(fetchDocument('https://client.example/metadata.json')).rejects.toThrow(
        expect.objectContaining({ code: 'FETCH_REFUSED' }),
      )
    }
  },
)

test(
  'guard: connects to the address that was checked (DNS rebinding)',
  { tags: ['A-09'] },
  async () => {
    await using server = await documentServer((_request, response) => response.end('{}'))
    let lookups = 0
    const fetchDocument = createGuardedFetch({
      // Public at the first lookup, private at every later one.
      lookup: (_hostname, _options, callback) => {
        lookups += 1
        callback(null, [{ address: lookups === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }])
      },
      allowAddress: (address) => address === '127.0.0.1',
      ca,
    })
    const response = await fetchDocument(`https://client.example:${server.port}/`)
    expect(await response.json()).toEqual({})
    expect(lookups).toBe(1)
  },
)

describe('over TLS', () => {
  const onLoopback = { lookup: loopbackLookup, allowAddress: () => true, ca }

  test('guarded fetch: returns a redirect and does not follow it', { tags: ['A-09'] }, async () => {
    await using server = await documentServer((_request, response) =>
      response.writeHead(302, { location: 'https://127.0.0.1/' }).end(),
    )
    const response = await createGuardedFetch(onLoopback)(`https://client.example:${server.port}/`)
    expect(response.status).toBe(302)
    expect(server.requests).toBe(1)
  })

  test('guarded fetch: aborts a body that is too long', { tags: ['A-09'] }, async () => {
    await using server = await documentServer((_request, response) =>
      response.end('x'.repeat(5121)),
    )
    const response = await createGuardedFetch(onLoopback)(`https://client.example:${server.port}/`)
    await expect(response.text()).rejects.toThrow('longer than 5120 bytes')
  })

  test('guarded fetch: times out when a server does not answer', { tags: ['A-09'] }, async () => {
    await using server = await documentServer(() => {})
    const timeLimited = createGuardedFetch({ ...onLoopback, requestTimeoutMilliseconds: 50 })
    await expect(timeLimited(`https://client.example:${server.port}/`)).rejects.toThrow('aborted')
  })

  test(
    'guarded fetch: the timeout for headers is shorter than the one for the body',
    { tags: ['A-09'] },
    async () => {
      await using server = await documentServer(() => {})
      const timeLimited = createGuardedFetch({
        ...onLoopback,
        headersTimeoutMilliseconds: 50,
        requestTimeoutMilliseconds: 3_600_000,
      })
      await expect(timeLimited(`https://client.example:${server.port}/`)).rejects.toThrow(
        'no response headers within 50 milliseconds',
      )
    },
  )

  test.each(['999 Odd', '600 Odd', '101 Switching Protocols', '199 Odd'])(
    'guarded fetch: rejects a status that no response can have, %s',
    { tags: ['A-09'] },
    async (statusLine) => {
      await using server = await rawServer(`HTTP/1.1 ${statusLine}\r\ncontent-length: 0\r\n\r\n`)
      const timeLimited = createGuardedFetch({ ...onLoopback, headersTimeoutMilliseconds: 500 })
      await expect(timeLimited(`https://client.example:${server.port}/`)).rejects.toThrow(
        /^the status is \d+ |hang up|no response headers/,
      )
    },
  )

  test('guarded fetch: keeps the headers that control caching', { tags: ['A-09'] }, async () => {
    await using server = await documentServer((_request, response) =>
      response.writeHead(200, { 'cache-control': 'max-age=60' }).end('{"a":1}'),
    )
    const response = await createGuardedFetch(onLoopback)(`https://client.example:${server.port}/`)
    expect(response.headers.get('cache-control')).toBe('max-age=60')
    expect(await response.json()).toEqual({ a: 1 })
  })
})
