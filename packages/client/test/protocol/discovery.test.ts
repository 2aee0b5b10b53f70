import { startProtectedServer, startScriptedAuthorizationServer } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { discover } from '../../src/protocol/discovery.ts'
import { discoverProtectedResource } from '../../src/protocol/resource-discovery.ts'
import { discoverAuthorizationServer } from '../../src/protocol/server-discovery.ts'
import {
  openIdWellKnown,
  resourceWellKnown,
  serverDocument,
  serverWellKnown,
  tableServer,
} from '../support/table-server.ts'

test.each([
  ['the path-aware place', 'path', ['/.well-known/oauth-protected-resource/mcp']],
  [
    'the root after it',
    'root',
    ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'],
  ],
] as const)(
  'resource metadata: is found at %s',
  { tags: ['C-30'] },
  async (_, wellKnown, places) => {
    const seen: string[] = []
    await using as = await startScriptedAuthorizationServer()
    await using server = await startProtectedServer(as, { wellKnown })
    const found = await discoverProtectedResource(server.resource, {
      fetch: (input, init) => {
        seen.push(new URL(new Request(input).url).pathname)
        return fetch(input, init)
      },
    })
    expect(found.metadata?.authorization_servers).toEqual([as.issuer])
    expect(seen).toEqual(places)
  },
)

test(
  'resource metadata: is read from the URL of the challenge, and elsewhere only if that fails',
  { tags: ['C-30'] },
  async () => {
    await using server = await tableServer((origin) => ({
      '/elsewhere.json': [
        200,
        JSON.stringify({
          resource: `${origin}/mcp`,
          authorization_servers: ['https://auth.test'],
        }),
      ],
      [`${resourceWellKnown}/mcp`]: [200, '{"resource":"wrong"}'],
    }))
    const found = await discoverProtectedResource(`${server.origin}/mcp`, {
      resourceMetadataUrl: `${server.origin}/elsewhere.json`,
    })
    expect(found.metadata?.authorization_servers).toEqual(['https://auth.test'])
    expect(server.paths).toEqual(['/elsewhere.json'])

    await expect(
      discoverProtectedResource(`${server.origin}/mcp`, {
        resourceMetadataUrl: `${server.origin}/missing.json`,
      }),
    ).rejects.toMatchObject({ code: 'DISCOVERY_FAILED' })
    expect(server.paths).toEqual([
      '/elsewhere.json',
      '/missing.json',
      `${resourceWellKnown}/mcp`,
      resourceWellKnown,
    ])
  },
)

test('resource metadata: of another resource is not used', { tags: ['C-30', 'C-34'] }, async () => {
  await using as = await startScriptedAuthorizationServer()
  await using server = await startProtectedServer(as, {
    metadata: { resource: 'https://evil.example.com/mcp' },
  })
  await expect(discover(server.resource)).rejects.toMatchObject({ code: 'METADATA_MISMATCH' })
  expect(as.requests).toEqual([])
})

test(
  'resource metadata: without an authorization server is not used',
  { tags: ['C-30'] },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    await using server = await startProtectedServer(as, { metadata: { authorization_servers: [] } })
    await expect(discover(server.resource)).rejects.toMatchObject({ code: 'DISCOVERY_FAILED' })
  },
)

test(
  'resource metadata: a failing server is an error, and no other URL is tried',
  { tags: ['C-30'] },
  async () => {
    await using server = await tableServer(() => ({ [`${resourceWellKnown}/mcp`]: [503, ''] }))
    await expect(discover(`${server.origin}/mcp`)).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
    expect(server.paths).toEqual([`${resourceWellKnown}/mcp`])
  },
)

test(
  'resource metadata: of a remote server cannot point to this machine',
  { tags: ['C-30'] },
  async () => {
    const asked: string[] = []
    const answering =
      (body: unknown): typeof fetch =>
      (input) => {
        asked.push(new Request(input).url)
        return Promise.resolve(Response.json(body))
      }
    await expect(
      discover('https://mcp.test/mcp', {
        resourceMetadataUrl: 'http://127.0.0.1:6379/x',
        fetch: answering({}),
      }),
    ).rejects.toMatchObject({
      code: 'DISCOVERY_FAILED',
      message: expect.stringContaining('"http://127.0.0.1:6379/x" on this machine'),
    })
    const wellKnown = `https://mcp.test${resourceWellKnown}`
    expect(asked).toEqual([`${wellKnown}/mcp`, wellKnown])
    await expect(
      discover('https://mcp.test/mcp', {
        fetch: answering({
          resource: 'https://mcp.test/mcp',
          authorization_servers: ['http://localhost:6379'],
        }),
      }),
    ).rejects.toMatchObject({ code: 'DISCOVERY_FAILED' })
    expect(asked).toEqual([`${wellKnown}/mcp`, wellKnown, `${wellKnown}/mcp`])
  },
)

test('server metadata: three URLs are tried in order', { tags: ['C-31'] }, async () => {
  await using server = await tableServer((origin) => ({
    [`/tenant${openIdWellKnown}`]: [200, serverDocument(`${origin}/tenant`)],
  }))
  const issuer = `${server.origin}/tenant`
  const { metadata } = await discoverAuthorizationServer(issuer)
  expect(metadata.issuer).toBe(issuer)
  expect(server.paths).toEqual([
    `${serverWellKnown}/tenant`,
    `${openIdWellKnown}/tenant`,
    `/tenant${openIdWellKnown}`,
  ])
})

test.each<[string, readonly [number, string]]>([
  ['HTML with status 200', [200, '<!doctype html><title>Sign in</title>']],
  ['text that is no JSON', [200, 'hello']],
  ['JSON that is no object', [200, '"hello"']],
  ['the document of another issuer', [200, serverDocument('https://other.test')]],
  ['a document without endpoints', [200, '{"issuer":"x"}']],
  ['404', [404, 'not found']],
  ['401', [401, '{}']],
  ['500', [500, 'oops']],
])(
  'server metadata: is found after a URL that answers with %s',
  { tags: ['C-31', 'C-32'] },
  async (_, answer) => {
    await using server = await tableServer((origin) => ({
      [serverWellKnown]: answer,
      [openIdWellKnown]: [200, serverDocument(origin)],
    }))
    const { metadata } = await discoverAuthorizationServer(server.origin)
    expect(metadata.token_endpoint).toBe(`${server.origin}/token`)
  },
)

test.each([
  ['another issuer', 'https://honest.example', 'METADATA_MISMATCH'],
  ['the issuer with a path', '/tenant', 'METADATA_MISMATCH'],
])('server metadata: with %s is not used', { tags: ['C-32'] }, async (_, named, code) => {
  await using server = await tableServer((origin) => ({
    [serverWellKnown]: [200, serverDocument(named === '/tenant' ? `${origin}/tenant` : named)],
  }))
  await expect(discoverAuthorizationServer(server.origin)).rejects.toMatchObject({ code })
})

test(
  'server metadata: if it is missing, the error names the URLs',
  { tags: ['C-31'] },
  async () => {
    await using server = await tableServer(() => ({}))
    await expect(discoverAuthorizationServer(server.origin)).rejects.toMatchObject({
      code: 'DISCOVERY_FAILED',
      message: expect.stringContaining(`${server.origin}${openIdWellKnown} (status 404`),
    })
  },
)

test(
  'server metadata: if all URLs fail, the error says to try again',
  { tags: ['C-31'] },
  async () => {
    await using server = await tableServer(() => ({ [serverWellKnown]: [503, ''] }))
    await expect(discoverAuthorizationServer(server.origin)).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
  },
)

test(
  'server metadata: only redirects within the origin are followed',
  { tags: ['C-31'] },
  async () => {
    await using server = await tableServer((origin) => ({
      [serverWellKnown]: [308, '', { location: `${serverWellKnown}/` }],
      [`${serverWellKnown}/`]: [200, serverDocument(origin)],
    }))
    const { metadata } = await discoverAuthorizationServer(server.origin)
    expect(metadata.issuer).toBe(server.origin)

    await using elsewhere = await tableServer(() => ({
      [serverWellKnown]: [302, '', { location: `${server.origin}${serverWellKnown}/` }],
    }))
    const before = server.paths.length
    await expect(discoverAuthorizationServer(elsewhere.origin)).rejects.toMatchObject({
      code: 'DISCOVERY_FAILED',
    })
    expect(server.paths.length).toBe(before)
  },
)

test('server metadata: an endless redirect is an error', { tags: ['C-31'] }, async () => {
  await using server = await tableServer(() => ({
    [serverWellKnown]: [302, '', { location: serverWellKnown }],
    [openIdWellKnown]: [302, '', { location: 'no://where' }],
  }))
  await expect(discoverAuthorizationServer(server.origin)).rejects.toMatchObject({
    code: 'DISCOVERY_FAILED',
  })
  expect(server.paths).toHaveLength(5)
})

test.each([
  ['16 MiB long', { kind: 'huge' }],
  ['never answered', { kind: 'hang' }],
  ['never finished', { kind: 'slow-body' }],
  ['cut off', { kind: 'reset' }],
] as const)(
  'server metadata: %s is not an answer, and a retry is possible',
  { tags: ['C-31'] },
  async (_, fault) => {
    await using as = await startScriptedAuthorizationServer()
    as.faults.metadata.push(fault, fault, fault)
    await expect(
      discoverAuthorizationServer(as.issuer, { requestTimeoutMilliseconds: 200 }),
    ).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
    as.faults.metadata.length = 0
    const { metadata } = await discoverAuthorizationServer(as.issuer)
    expect(metadata.issuer).toBe(as.issuer)
  },
)

test('server metadata: a caller that aborts stops waiting', { tags: ['C-31'] }, async () => {
  await using as = await startScriptedAuthorizationServer()
  as.faults.metadata.push({ kind: 'hang' })
  const reason = new Error('aborted')
  await expect(
    discoverAuthorizationServer(as.issuer, { signal: AbortSignal.abort(reason) }),
  ).rejects.toBe(reason)
})

// A remote issuer cannot run here, so its answers are fixed.
test.each([
  ['authorization_endpoint', 'http://127.0.0.1:6379/authorize'],
  ['token_endpoint', 'http://localhost:6379/token'],
  ['registration_endpoint', 'http://[::1]:6379/register'],
  ['revocation_endpoint', 'https://127.0.0.2/revoke'],
  ['pushed_authorization_request_endpoint', 'http://127.0.0.1:6379/par'],
])(
  'server metadata: of a remote issuer cannot point to this machine with its %s',
  { tags: ['C-31'] },
  async (member, endpoint) => {
    const issuer = 'https://auth.test'
    const answering: typeof fetch = () =>
      Promise.resolve(Response.json({ ...JSON.parse(serverDocument(issuer)), [member]: endpoint }))
    await expect(discoverAuthorizationServer(issuer, { fetch: answering })).rejects.toMatchObject({
      code: 'DISCOVERY_FAILED',
      message: expect.stringContaining(`"${endpoint}" on this machine as its ${member}`),
    })
  },
)

test(
  'discovery: finds both documents, with the resource as the metadata spells it',
  { tags: ['C-30', 'C-31', 'C-34'] },
  async () => {
    await using as = await startScriptedAuthorizationServer({ issuerPath: '/tenant' })
    await using server = await startProtectedServer(as, {
      scopesSupported: ['mcp:read', 'offline_access'],
    })
    const found = await discover(server.resource)
    expect(found.resource).toBe(server.resource)
    expect(found.authorizationServer.issuer).toBe(as.issuer)
    expect(found.warnings.map((warning) => warning.requirement)).toEqual(['S-02'])
  },
)

test(
  'discovery: the caller chooses one of the named authorization servers',
  { tags: ['C-39'] },
  async () => {
    await using as = await startScriptedAuthorizationServer()
    await using server = await startProtectedServer(as, {
      metadata: { authorization_servers: ['https://unreachable.test', as.issuer] },
    })
    const found = await discover(server.resource, {
      chooseAuthorizationServer: (issuers) => issuers[1] ?? '',
    })
    expect(found.authorizationServer.issuer).toBe(as.issuer)
    await expect(
      discover(server.resource, { chooseAuthorizationServer: () => 'https://mine.test' }),
    ).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  },
)

test.each([
  ['no URL', 'mcp.example.com'],
  ['http in the network', 'http://mcp.test/mcp'],
])(
  'discovery: a server URL that is %s is refused before a request is sent',
  { tags: ['C-30'] },
  async (_, url) => {
    const asked: string[] = []
    await expect(
      discover(url, {
        fetch: (input) => {
          asked.push(new Request(input).url)
          return Promise.reject(new Error('not expected'))
        },
      }),
    ).rejects.toMatchObject({ code: 'DISCOVERY_FAILED' })
    expect(asked).toEqual([])
  },
)
