import { describe, expect, test } from 'vitest'
import {
  answerOf,
  authorizationRequest,
  presentation,
  redeem,
  redirectUri,
  register,
  resource,
  signIn,
  startServer,
  temporaryFolder,
} from '../support.ts'

const clientId = 'https://client.example/metadata.json'

function documentFetch(respond: () => Response) {
  const urls: string[] = []
  return {
    urls,
    fetch: async (url: string | URL) => {
      urls.push(String(url))
      return respond()
    },
  }
}

function metadataDocument(overrides: object = {}, headers: Record<string, string> = {}): Response {
  const document = {
    client_id: clientId,
    client_name: 'Document client',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    ...overrides,
  }
  return Response.json(document, { headers })
}

describe('client ID metadata documents', () => {
  test('metadata documents: a client signs in with only its URL', { tags: ['A-09'] }, async () => {
    const { fetch, urls } = documentFetch(() =>
      metadataDocument({}, { 'cache-control': 'max-age=600' }),
    )
    await using server = await startServer({ fetch })
    for (const _ of Array.from({ length: 2 })) {
      const { tokens } = await signIn(server, { client: { client_id: clientId } })
      expect(tokens.refresh_token).toBeDefined()
    }
    // Cached by its HTTP headers: two sign-ins use the client four times with one fetch.
    expect(urls).toEqual([clientId])
  })

  test(
    'metadata documents: their grant types are honored',
    { tags: ['A-02', 'A-09'] },
    async () => {
      const { fetch } = documentFetch(() =>
        metadataDocument({ grant_types: ['authorization_code'] }),
      )
      await using server = await startServer({ fetch })
      const { tokens } = await signIn(server, { client: { client_id: clientId } })
      expect(tokens.refresh_token).toBeUndefined()
    },
  )

  test.each([
    ['another client_id in it', () => metadataDocument({ client_id: 'https://other.example/' })],
    ['a shared secret in it', () => metadataDocument({ client_secret: 'x' })],
    ['more than 5 KB', () => metadataDocument({ client_name: 'x'.repeat(6000) })],
    ['HTML', () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })],
    ['JSON as a web page', () => metadataDocument({}, { 'content-type': 'text/html' })],
    ['an array', () => Response.json([])],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: clientId } })],
    ['not found', () => new Response('', { status: 404 })],
  ])('metadata documents: refuses %s', { tags: ['A-09'] }, async (_, respond) => {
    await using server = await startServer({ fetch: documentFetch(respond).fetch })
    const { url } = await authorizationRequest(server, { client_id: clientId })
    const response = await fetch(url, { redirect: 'manual' })
    expect(response.status).toBe(400)
    expect(response.headers.get('location')).toBe(null)
  })

  test(
    'metadata documents: --client-document-limit accepts a longer document',
    { tags: ['A-09'] },
    async () => {
      const { fetch } = documentFetch(() => metadataDocument({ client_name: 'x'.repeat(6000) }))
      await using small = await startServer({ fetch })
      const { url } = await authorizationRequest(small, { client_id: clientId })
      await globalThis.fetch(url, { redirect: 'manual' })
      expect(small.logs).toContainEqual(
        expect.objectContaining({ detail: expect.stringContaining('longer than 5120 bytes') }),
      )
      await using server = await startServer({ fetch, clientDocumentBytes: 8192 })
      const { tokens } = await signIn(server, { client: { client_id: clientId } })
      expect(tokens.access_token).toBeDefined()
    },
  )

  test.each([
    ['https://127.0.0.1/metadata.json', /^Refused to fetch /],
    ['https://2130706433/metadata.json', /in its normal spelling/],
    ['https://[::ffff:10.0.0.1]/metadata.json', /in its normal spelling/],
    ['https://[::ffff:a00:1]/metadata.json', /^Refused to fetch /],
    ['https://169.254.169.254/metadata.json', /^Refused to fetch /],
    ['https://localhost/metadata.json', /^Refused to connect /],
  ])('metadata documents: never connects to %s', { tags: ['A-09'] }, async (privateUrl, detail) => {
    await using server = await startServer()
    const { url } = await authorizationRequest(server, { client_id: privateUrl })
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(400)
    expect(server.logs).toContainEqual(
      expect.objectContaining({
        event: 'authorization.refused',
        error: 'invalid_client',
        detail: expect.stringMatching(detail),
      }),
    )
  })
})

/** A document whose host sends `answer`. */
function changingDocument() {
  const host: { answer: () => Response } = {
    answer: () => metadataDocument({}, { 'cache-control': 'max-age=60' }),
  }
  return { host, ...documentFetch(() => host.answer()) }
}

const hostDown = () => {
  throw new TypeError('connect ECONNREFUSED')
}

describe('a host of metadata documents that is down', () => {
  test.each([
    ['does not answer', hostDown],
    [
      'closes the connection',
      () =>
        new Response(ReadableStream.from(brokenOff()), {
          headers: { 'content-type': 'application/json' },
        }),
    ],
    ['answers 503', () => new Response('', { status: 503 })],
    ['answers 429', () => new Response('', { status: 429 })],
  ])(
    'metadata documents: a host that %s ends no sign-in, also after a restart',
    { tags: ['A-09', 'A-11'] },
    async (_, answer) => {
      using folder = temporaryFolder()
      const databasePath = folder.file('as.db')
      const { host, fetch } = changingDocument()
      const before = await startServer({ fetch, databasePath })
      const signedIn = await signIn(before, { client: { client_id: clientId } })
      await before.close()
      host.answer = answer
      await using after = await startServer({ fetch, databasePath })
      const refreshToken = signedIn.tokens.refresh_token ?? ''
      expect(await presentation(after, signedIn.client, refreshToken)).toBe('ok')
      expect(after.logs).toContainEqual(
        expect.objectContaining({ event: 'client_document.copy-used', url: clientId }),
      )
    },
  )

  test.each([
    [
      'the host says that there is no document',
      () => new Response('', { status: 404 }),
      /^invalid_client/,
    ],
    [
      'the document belongs to another client',
      () => metadataDocument({ client_id: 'https://b.example/' }),
      /^invalid_client/,
    ],
    // On invalid_client, the client would discard its grant because of an outage.
    ['no client has got tokens with it', undefined, /^temporarily_unavailable$/],
  ])(
    'metadata documents: no copy is used when %s',
    { tags: ['A-09'] },
    async (_, answer, error) => {
      using folder = temporaryFolder()
      const databasePath = folder.file('as.db')
      const { host, fetch: fetchDocument } = changingDocument()
      const before = await startServer({ fetch: fetchDocument, databasePath })
      const client = { client_id: clientId }
      const { url } = await authorizationRequest(before, client)
      if (answer === undefined) await fetch(url, { redirect: 'manual' })
      else await signIn(before, { client })
      await before.close()
      host.answer = answer ?? hostDown
      await using after = await startServer({ fetch: fetchDocument, databasePath })
      expect(await presentation(after, client, 'any')).toMatch(error)
    },
  )
})

async function* brokenOff(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('{')
  throw new Error('socket hang up')
}

test(
  'metadata documents: while the host is down, the page says that the user made no mistake',
  { tags: ['A-09'] },
  async () => {
    await using server = await startServer({ fetch: documentFetch(hostDown).fetch })
    const { url } = await authorizationRequest(server, { client_id: clientId })
    const response = await fetch(url, { redirect: 'manual' })
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('You made no mistake')
  },
)

test(
  'metadata documents: one address with silent hosts does not block others',
  { tags: ['A-09'] },
  async () => {
    const silent: (() => void)[] = []
    await using server = await startServer({
      demo: false,
      resources: [resource],
      trustedProxies: 1,
      async fetch(url) {
        if (String(url) === clientId) return metadataDocument()
        await new Promise<void>((resolve) => silent.push(resolve))
        return new Response('', { status: 404 })
      },
    })
    const ask = async (id: string, address: string) => {
      const { url } = await authorizationRequest(server, { client_id: id })
      const headers = { 'x-forwarded-for': address }
      return (await fetch(url, { redirect: 'manual', headers })).status
    }
    const urls = Array.from({ length: 30 }, (_, index) => `https://h${index}.example/metadata.json`)
    const statuses: number[] = []
    const attack = urls.map(async (url) => statuses.push(await ask(url, '192.0.2.1')))
    // Of 30, four run and four wait. All others are refused.
    await expect.poll(() => statuses.length).toBe(22)
    expect(new Set(statuses)).toEqual(new Set([503]))
    expect(silent).toHaveLength(4)
    expect(await ask(clientId, '192.0.2.2')).toBe(303)
    while (statuses.length < 30) {
      silent.pop()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(attack)
    expect(statuses.slice(22)).toEqual(Array(8).fill(400))
  },
)

describe('metadata documents that fail', () => {
  test(
    'metadata documents: a failed one is not fetched again at once',
    { tags: ['A-09'] },
    async () => {
      let isThere = false
      const { fetch: fetchDocument, urls } = documentFetch(() =>
        isThere ? metadataDocument() : new Response('', { status: 404 }),
      )
      await using server = await startServer({ fetch: fetchDocument })
      const statuses = []
      for (const _ of Array.from({ length: 5 })) {
        const { url } = await authorizationRequest(server, { client_id: clientId })
        statuses.push((await fetch(url, { redirect: 'manual' })).status)
      }
      expect(statuses).toEqual([400, 400, 400, 400, 400])
      expect(urls).toEqual([clientId])
      // Another client is not affected.
      const { url } = await authorizationRequest(server, { client_id: `${clientId}?other` })
      await fetch(url, { redirect: 'manual' })
      expect(urls).toHaveLength(2)
      isThere = true
      expect((await fetch(url, { redirect: 'manual' })).status).toBe(400)
    },
  )
})

describe('dynamic registration', () => {
  test(
    'registration: unsupported grant types do not exclude a client',
    { tags: ['A-02', 'A-08'] },
    async () => {
      await using server = await startServer()
      const client = await register(server, {
        grant_types: [
          'authorization_code',
          'refresh_token',
          'urn:ietf:params:oauth:grant-type:token-exchange',
        ],
      })
      expect(client['grant_types']).toEqual(['authorization_code', 'refresh_token'])
    },
  )

  test(
    'registration: the scope of a first challenge does not block a later step-up',
    { tags: ['A-08'] },
    async () => {
      await using server = await startServer()
      const client = await register(server, { scope: 'mcp:read' })
      const authorization = await authorizationRequest(server, client, {
        scope: 'mcp:read mcp:write',
      })
      const tokens = await redeem(server, authorization, await answerOf(authorization))
      expect(tokens.scope).toBe('mcp:read mcp:write')
    },
  )

  test.each([
    ['no redirect URI', { redirect_uris: [] }],
    [
      'a script as redirect URI',
      { redirect_uris: ['javascript:alert(1)'], application_type: 'native' },
    ],
    ['invalid redirect URIs', { redirect_uris: [7] }],
    ['invalid grant types', { grant_types: 'refresh_token' }],
    ['an unknown response type', { response_types: ['token'] }],
  ])('registration: refuses %s', { tags: ['A-08'] }, async (_, metadata) => {
    await using server = await startServer()
    const response = await fetch(`${server.issuer}/reg`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        ...metadata,
      }),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: expect.stringMatching(/^invalid_(client_metadata|redirect_uri)$/),
    })
  })
})

describe('the demo and websites', () => {
  const website = 'https://website.example/callback'

  test('demo: a client on a website is refused', { tags: ['A-08', 'A-09'] }, async () => {
    const { fetch: fetchDocument } = documentFetch(() =>
      metadataDocument({ redirect_uris: [website] }),
    )
    await using server = await startServer({ fetch: fetchDocument })
    const response = await fetch(`${server.issuer}/reg`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [website], token_endpoint_auth_method: 'none' }),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: 'invalid_redirect_uri',
      error_description: expect.stringContaining('must lead to this machine'),
    })
    const { url } = await authorizationRequest(
      server,
      { client_id: clientId },
      { redirect_uri: website },
    )
    const refused = await fetch(url, { redirect: 'manual' })
    expect([refused.status, refused.headers.get('location')]).toEqual([400, null])
  })

  test(
    'demo: a client keeps only its redirect URIs on this machine',
    { tags: ['A-08'] },
    async () => {
      await using server = await startServer()
      const uris = [website, redirectUri, 'com.example.client:/callback']
      const client = await register(server, { redirect_uris: uris })
      expect(client['redirect_uris']).toEqual(uris.slice(1))
      const { url } = await authorizationRequest(server, client, { redirect_uri: website })
      expect((await fetch(url, { redirect: 'manual' })).status).toBe(400)
      const token = await fetch(`${server.issuer}/token`, {
        method: 'POST',
        headers: { origin: new URL(website).origin },
        body: new URLSearchParams({ client_id: client.client_id, grant_type: 'refresh_token' }),
      })
      expect(await token.json()).toMatchObject({ error: 'invalid_request' })
      expect(token.headers.get('access-control-allow-origin')).toBe(null)
    },
  )
})
