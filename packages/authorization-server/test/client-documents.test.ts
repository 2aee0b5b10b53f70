import { describe, expect, test } from 'vitest'
import { createClientKeySets, createClientMetadataDocuments } from '../src/client-documents.ts'
import type {
  ClientDocumentOptions,
  ClientDocumentStore,
  KeptClientDocument,
} from '../src/client-documents.ts'

const clientId = 'https://client.example/metadata.json'

function document(overrides: object = {}) {
  return {
    client_id: clientId,
    client_name: 'Document client',
    redirect_uris: ['http://127.0.0.1/callback'],
    ...overrides,
  }
}

/** A host that answers as `answer` says, a clock that stands still, and documents from that host. */
function scene(options: Partial<ClientDocumentOptions> = {}) {
  const host = {
    answer: (_url: string, _headers: Headers): Response | Promise<Response> =>
      Response.json(document()),
  }
  const requests: { url: string; headers: Headers }[] = []
  const clock = { now: 1_800_000_000 }
  const copies: string[] = []
  const all: ClientDocumentOptions = {
    async fetch(input, init) {
      const url = String(input)
      const headers = new Headers(init?.headers)
      requests.push({ url, headers })
      return await host.answer(url, headers)
    },
    nowEpochSeconds: () => clock.now,
    onCopyUsed: (url) => copies.push(url),
    ...options,
  }
  return {
    host,
    clock,
    copies,
    requests,
    documents: createClientMetadataDocuments(all),
    keySets: createClientKeySets(all),
    /** What another process of the same server would have. */
    again: () => createClientMetadataDocuments(all),
  }
}

function memoryStore() {
  const rows = new Map<string, KeptClientDocument>()
  const expiries = new Map<string, number>()
  const store: ClientDocumentStore = {
    get: async (url) => {
      const row = rows.get(url)
      return row === undefined ? undefined : structuredClone(row)
    },
    async set(url, kept, expiresAtEpochSeconds) {
      rows.set(url, JSON.parse(JSON.stringify(kept)))
      expiries.set(url, expiresAtEpochSeconds)
    },
    async delete(url) {
      rows.delete(url)
    },
  }
  return { rows, expiries, store }
}

const down = () => {
  throw new TypeError('connect ECONNREFUSED')
}

const jsonType = { 'content-type': 'application/json' }

describe('what a metadata document is', () => {
  test(
    'is the document of its URL, as it came and as it was read',
    { tags: ['A-09'] },
    async () => {
      const { documents, host } = scene()
      const text = JSON.stringify(document({ unknown_member: 1 }))
      host.answer = () => new Response(text, { headers: jsonType })
      const resolved = await documents.resolve(clientId)
      expect(resolved).toMatchObject({ text, source: 'fetched', document: document() })
      expect(resolved.document).not.toHaveProperty('unknown_member')
    },
  )

  test.each<[string, () => Response, RegExp]>([
    [
      'another client_id',
      () => Response.json(document({ client_id: `${clientId}?` })),
      /expected the URL of the document/,
    ],
    ['a shared secret', () => Response.json(document({ client_secret: 'x' })), /client secret/],
    [
      'an authentication method that needs one',
      () => Response.json(document({ token_endpoint_auth_method: 'client_secret_basic' })),
      /shared secret/,
    ],
    ['no JSON', () => new Response('{', { headers: jsonType }), /it is no JSON/],
    ['an array', () => Response.json([]), /expected a JSON object/],
    [
      'a web page',
      () => new Response('{}', { headers: { 'content-type': 'text/html' } }),
      /"text\/html", and not JSON/,
    ],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: clientId } }),
      /redirects are not followed/,
    ],
    ['nothing', () => new Response('', { status: 404 }), /status 404/],
    ['304 to no question', () => new Response(null, { status: 304 }), /304/],
  ])('%s is none', { tags: ['A-09'] }, async (_, answer, message) => {
    const { documents, host } = scene()
    host.answer = answer
    await expect(documents.resolve(clientId)).rejects.toMatchObject({
      code: 'CLIENT_DOCUMENT_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test('more than 5 KB is none, and is not read to its end', { tags: ['A-09'] }, async () => {
    const { documents, host } = scene()
    let sent = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent += 1024
        yield new Uint8Array(1024)
      }
    }
    host.answer = () => new Response(ReadableStream.from(endless()), { headers: jsonType })
    await expect(documents.resolve(clientId)).rejects.toMatchObject({ code: 'FETCH_REFUSED' })
    expect(sent).toBeLessThan(16 * 1024)
  })

  test.each([
    'http://client.example/metadata.json',
    'https://client.example/',
    'https://client.example/a/../b',
    'https://CLIENT.example/metadata.json',
    'https://user@client.example/metadata.json',
    'https://client.example/metadata.json#x',
    'client',
  ])('%s is no URL of one, and is never asked for', { tags: ['A-09'] }, async (url) => {
    const { documents, requests } = scene()
    await expect(documents.resolve(url)).rejects.toMatchObject({ code: 'CLIENT_DOCUMENT_INVALID' })
    expect(requests).toEqual([])
  })
})

describe('caching', () => {
  test.each<[string, Record<string, string>, number]>([
    ['max-age', { 'cache-control': 'max-age=600' }, 600],
    ['max-age less Age', { 'cache-control': 'max-age=600', age: '200' }, 400],
    [
      'private, since nobody else shares this cache',
      { 'cache-control': 'private, max-age=90' },
      90,
    ],
    ['at most a day', { 'cache-control': 'max-age=31536000, immutable' }, 86_400],
    ['at least 30 seconds', { 'cache-control': 'no-store' }, 30],
    ['at least 30 seconds without a word', {}, 30],
    ['nonsense as no word', { 'cache-control': 'max-age=soon' }, 30],
  ])('lasts for %s', { tags: ['A-09'] }, async (_, headers, seconds) => {
    const { documents, host, requests, clock } = scene()
    host.answer = () => Response.json(document(), { headers })
    expect((await documents.resolve(clientId)).freshForSeconds).toBe(seconds)
    clock.now += seconds - 1
    expect(await documents.resolve(clientId)).toMatchObject({ source: 'fresh', freshForSeconds: 1 })
    expect(requests).toHaveLength(1)
    clock.now += 1
    expect(await documents.resolve(clientId)).toMatchObject({ source: 'fetched' })
    expect(requests).toHaveLength(2)
  })

  test('Expires counts from Date', { tags: ['A-09'] }, async () => {
    const { documents, host } = scene()
    const headers = {
      date: 'Thu, 26 Nov 2026 10:00:00 GMT',
      expires: 'Thu, 26 Nov 2026 10:05:00 GMT',
    }
    host.answer = () => Response.json(document(), { headers })
    expect((await documents.resolve(clientId)).freshForSeconds).toBe(300)
  })

  test('a document that did not change is confirmed by 304', { tags: ['A-09'] }, async () => {
    const { documents, host, requests, clock } = scene()
    host.answer = (_url, headers) =>
      headers.get('if-none-match') === '"1"'
        ? new Response(null, {
            status: 304,
            headers: { etag: '"1"', 'cache-control': 'max-age=90' },
          })
        : Response.json(document(), { headers: { etag: '"1"', 'cache-control': 'max-age=60' } })
    const first = await documents.resolve(clientId)
    clock.now += 60
    const second = await documents.resolve(clientId)
    expect(requests.at(-1)?.headers.get('if-none-match')).toBe('"1"')
    expect(second).toEqual({ ...first, source: 'fetched', freshForSeconds: 90 })
  })

  test('callers at the same time ask once', { tags: ['A-09'] }, async () => {
    const { documents, requests } = scene()
    const all = await Promise.all(Array.from({ length: 50 }, () => documents.resolve(clientId)))
    expect(requests).toHaveLength(1)
    expect(new Set(all.map(({ text }) => text)).size).toBe(1)
  })

  test('the document used longest ago is forgotten first', { tags: ['A-09'] }, async () => {
    const { documents, host, requests } = scene({ maximumDocuments: 2 })
    host.answer = (url) => Response.json(document({ client_id: url }))
    const urls = ['a', 'b', 'c'].map((name) => `https://client.example/${name}`)
    const [a = '', b = '', c = ''] = urls
    await documents.resolve(a)
    await documents.resolve(b)
    await documents.resolve(a)
    await documents.resolve(c)
    await documents.resolve(a)
    await documents.resolve(b)
    expect(requests.map(({ url }) => url)).toEqual([a, b, c, b])
  })
})

describe('failures', () => {
  test.each<[string, () => Response]>([
    ['no document', () => new Response('', { status: 404 })],
    ['an outage', down],
    ['a document that is none', () => Response.json([])],
  ])(
    '%s is remembered for 10 seconds, and asking prolongs nothing',
    { tags: ['A-09'] },
    async (_, answer) => {
      const { documents, host, requests, clock } = scene()
      host.answer = answer
      await expect(documents.resolve(clientId)).rejects.toThrow(JSON.stringify(clientId))
      clock.now += 9
      host.answer = () => Response.json(document())
      await expect(documents.resolve(clientId)).rejects.toThrow(JSON.stringify(clientId))
      expect(requests).toHaveLength(1)
      clock.now += 1
      expect(await documents.resolve(clientId)).toMatchObject({ source: 'fetched' })
    },
  )

  test(
    'a broken answer is an outage, in words that name the cause',
    { tags: ['A-09'] },
    async () => {
      const { documents, host } = scene()
      async function* brokenOff(): AsyncGenerator<Uint8Array> {
        yield new TextEncoder().encode('{')
        throw new Error('socket hang up')
      }
      host.answer = () => new Response(ReadableStream.from(brokenOff()), { headers: jsonType })
      await expect(documents.resolve(clientId)).rejects.toMatchObject({
        code: 'CLIENT_DOCUMENT_UNAVAILABLE',
        message: expect.stringMatching(/socket hang up\. Try again in 10 seconds\./),
      })
    },
  )

  test('a host that never answers is given up', { tags: ['A-09'] }, async () => {
    const { documents } = scene({
      requestTimeoutMilliseconds: 20,
      fetch: async (_url, init) =>
        await new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        }),
    })
    await expect(documents.resolve(clientId)).rejects.toMatchObject({
      code: 'CLIENT_DOCUMENT_UNAVAILABLE',
    })
  })

  test(
    'one host is asked 60 times a minute, whoever makes us ask',
    { tags: ['A-09'] },
    async () => {
      const { documents, host, requests, clock } = scene()
      host.answer = () => new Response('', { status: 404 })
      const ask = async (url: string) => {
        try {
          return (await documents.resolve(url)).source
        } catch (error) {
          return error
        }
      }
      for (const index of Array.from({ length: 70 }).keys()) await ask(`${clientId}?${index}`)
      expect(requests).toHaveLength(60)
      expect(await ask(`${clientId}?69`)).toMatchObject({
        code: 'CLIENT_DOCUMENT_UNAVAILABLE',
        message: expect.stringContaining('too many'),
      })
      // Others are not held up by it, and neither is the host a minute later.
      host.answer = (url) => Response.json(document({ client_id: url }))
      expect(await ask('https://other.example/metadata.json')).toBe('fetched')
      clock.now += 60
      expect(await ask(`${clientId}?69`)).toBe('fetched')
    },
  )

  test(
    'no more than 20 are asked at the same time, and 20 more wait',
    { tags: ['A-09'] },
    async () => {
      const { documents, host } = scene()
      let running = 0
      let most = 0
      host.answer = async (url) => {
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setTimeout(resolve, 5))
        running -= 1
        return Response.json(document({ client_id: url }))
      }
      const urls = Array.from(
        { length: 50 },
        (_, index) => `https://h${index}.example/metadata.json`,
      )
      const settled = await Promise.allSettled(urls.map((url) => documents.resolve(url)))
      expect(most).toBe(20)
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(40)
      // Being turned away is no failure of the document.
      expect(await documents.resolve(urls.at(-1) ?? '')).toMatchObject({ source: 'fetched' })
    },
  )
})

describe('one requester among others', () => {
  /** Documents on hosts that stay silent until they are let go, but for `client.example`. */
  function silentHosts() {
    const asking = { requester: 'attacker' }
    const silent: (() => void)[] = []
    const all = scene({ requester: () => asking.requester })
    all.host.answer = async (url) => {
      if (url.startsWith('https://client.example/')) {
        return Response.json(document({ client_id: url }))
      }
      await new Promise<void>((resolve) => silent.push(resolve))
      return Response.json(document({ client_id: url }))
    }
    const resolveAs = async (requester: string, url: string) => {
      asking.requester = requester
      return await all.documents.resolve(url)
    }
    return { ...all, silent, resolveAs }
  }

  test('cannot keep the others out with hosts that stay silent', { tags: ['A-09'] }, async () => {
    const { resolveAs, requests, silent } = silentHosts()
    const urls = Array.from({ length: 40 }, (_, index) => `https://h${index}.example/metadata.json`)
    const all = urls.map((url) => resolveAs('attacker', url))
    const outcomes = Promise.allSettled(all)
    // Four run and four wait; the rest is turned away at once.
    await expect(all[8]).rejects.toMatchObject({
      code: 'CLIENT_DOCUMENT_UNAVAILABLE',
      message: expect.stringContaining('too many documents'),
    })
    expect(requests).toHaveLength(4)
    expect(await resolveAs('user', clientId)).toMatchObject({ source: 'fetched' })
    // Those that wait get their turn when a host is given up on.
    while (silent.length > 0) {
      silent.pop()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const settled = await outcomes
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(8)
  })

  test('cannot use up what a host is asked in a minute', { tags: ['A-09'] }, async () => {
    const { resolveAs } = silentHosts()
    const outcomes = []
    for (const index of Array.from({ length: 60 }).keys()) {
      outcomes.push(...(await Promise.allSettled([resolveAs('attacker', `${clientId}?${index}`)])))
    }
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(15)
    expect(await resolveAs('user', clientId)).toMatchObject({ source: 'fetched' })
  })
})

describe('a copy', () => {
  const kept = async (headers: Record<string, string> = {}) => {
    const memory = memoryStore()
    const all = scene({ store: memory.store })
    all.host.answer = () => Response.json(document(), { headers })
    await all.documents.resolve(clientId)
    await all.documents.keep(clientId)
    return { ...all, ...memory }
  }

  test.each<[string, () => Response]>([
    ['does not answer', down],
    ['answers 500', () => new Response('', { status: 500 })],
    ['answers 429', () => new Response('', { status: 429 })],
  ])(
    'stands in for a host that %s, in another process too',
    { tags: ['A-09'] },
    async (_, answer) => {
      const { again, host, copies, requests } = await kept()
      host.answer = answer
      const documents = again()
      expect(await documents.resolve(clientId)).toMatchObject({
        source: 'copy',
        document: document(),
        freshForSeconds: 10,
      })
      await documents.resolve(clientId)
      expect(requests).toHaveLength(2)
      expect(copies).toEqual([clientId])
    },
  )

  test('gives way to the host as soon as that is back', { tags: ['A-09'] }, async () => {
    const { again, host, clock } = await kept()
    host.answer = down
    const documents = again()
    await documents.resolve(clientId)
    host.answer = () => Response.json(document({ client_name: 'New name' }))
    clock.now += 10
    expect(await documents.resolve(clientId)).toMatchObject({
      source: 'fetched',
      document: { client_name: 'New name' },
    })
  })

  test('is used until 30 days after its host last confirmed it', { tags: ['A-09'] }, async () => {
    const { again, host, clock, expiries } = await kept()
    expect(expiries.get(clientId)).toBe(clock.now + 30 * 86_400)
    host.answer = down
    clock.now += 30 * 86_400 - 1
    expect(await again().resolve(clientId)).toMatchObject({ source: 'copy' })
    clock.now += 1
    await expect(again().resolve(clientId)).rejects.toMatchObject({
      code: 'CLIENT_DOCUMENT_UNAVAILABLE',
    })
  })

  test('goes when the host says that there is no document', { tags: ['A-09'] }, async () => {
    const { again, host, rows } = await kept()
    host.answer = () => new Response('', { status: 410 })
    await expect(again().resolve(clientId)).rejects.toMatchObject({
      code: 'CLIENT_DOCUMENT_INVALID',
    })
    expect(rows.size).toBe(0)
  })

  test('does not hide what the publisher did wrong', { tags: ['A-09'] }, async () => {
    const { again, host } = await kept()
    host.answer = () => Response.json(document({ client_id: 'https://other.example/' }))
    await expect(again().resolve(clientId)).rejects.toMatchObject({
      code: 'CLIENT_DOCUMENT_INVALID',
    })
  })

  test('is made of clients that got tokens only', { tags: ['A-09'] }, async () => {
    const memory = memoryStore()
    const { documents, host, again } = scene({ store: memory.store })
    await documents.resolve(clientId)
    expect(memory.rows.size).toBe(0)
    await documents.keep('https://never.example/asked')
    expect(memory.rows.size).toBe(0)
    host.answer = down
    await expect(again().resolve(clientId)).rejects.toThrow('ECONNREFUSED')
  })

  test(
    'is made in spite of must-revalidate, and not against no-store',
    { tags: ['A-09'] },
    async () => {
      const static_ = await kept({ 'cache-control': 'public, max-age=0, must-revalidate' })
      expect(static_.rows.size).toBe(1)
      const secret = await kept({ 'cache-control': 'no-store' })
      expect(secret.rows.size).toBe(0)
      secret.host.answer = down
      secret.clock.now += 30
      await expect(secret.documents.resolve(clientId)).rejects.toThrow('ECONNREFUSED')
    },
  )

  test('is written once for each confirmation', { tags: ['A-09'] }, async () => {
    const memory = memoryStore()
    let writes = 0
    const store: ClientDocumentStore = {
      ...memory.store,
      async set(...row) {
        writes += 1
        await memory.store.set(...row)
      },
    }
    const { documents, clock } = scene({ store })
    for (const seconds of [0, 0, 0, 30]) {
      clock.now += seconds
      await documents.resolve(clientId)
      await documents.keep(clientId)
    }
    expect(writes).toBe(2)
  })

  test.each<[string, unknown]>([
    ['no policy', undefined],
    ['a policy of another version', { v: 9 }],
  ])('with %s is as good as none', { tags: ['A-09'] }, async (_, policy) => {
    const { again, host, rows } = await kept()
    const row = rows.get(clientId)
    if (row !== undefined) rows.set(clientId, { ...row, policy })
    host.answer = down
    await expect(again().resolve(clientId)).rejects.toThrow('ECONNREFUSED')
  })
})

describe('key sets', () => {
  const keysUrl = 'https://client.example/keys'

  test('may be as long as keys with certificates are', { tags: ['A-09'] }, async () => {
    const { keySets, host } = scene()
    const keys = [{ kty: 'EC', x5c: ['x'.repeat(100_000)] }]
    host.answer = () =>
      new Response(JSON.stringify({ keys }), { headers: { 'content-type': 'text/plain' } })
    expect((await keySets.resolve(keysUrl)).document.keys).toEqual(keys)
    host.answer = () => Response.json({ keys: [{ x5c: ['x'.repeat(600_000)] }] })
    await expect(keySets.resolve(`${keysUrl}2`)).rejects.toMatchObject({ code: 'FETCH_REFUSED' })
  })

  test.each(['keys', 'http://client.example/keys', 'file:///etc/passwd'])(
    '%s is no place for one, and is never asked',
    { tags: ['A-09'] },
    async (url) => {
      const { keySets, requests } = scene()
      await expect(keySets.resolve(url)).rejects.toMatchObject({ code: 'CLIENT_DOCUMENT_INVALID' })
      expect(requests).toEqual([])
    },
  )

  test.each([[[]], [{}], [{ keys: {} }], [{ keys: [1] }], ['keys']])(
    '%j is none',
    { tags: ['A-09'] },
    async (body) => {
      const { keySets, host } = scene()
      host.answer = () => Response.json(body)
      await expect(keySets.resolve(keysUrl)).rejects.toMatchObject({
        code: 'CLIENT_DOCUMENT_INVALID',
      })
    },
  )
})
