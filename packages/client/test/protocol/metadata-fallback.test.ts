import { expect, test } from 'vitest'
import { discover } from '../../src/protocol/discovery.ts'
import {
  openIdWellKnown,
  resourceWellKnown,
  serverDocument,
  serverWellKnown,
  tableServer,
} from '../support/table-server.ts'

function resourceDocument(resource: string, issuer: string): string {
  return JSON.stringify({ resource, authorization_servers: [issuer] })
}

test.each<[string, readonly [number, string], string]>([
  ['a JSON error', [200, '{"error":"not found"}'], 'no member "resource"'],
  ['an empty object', [200, '{}'], 'no member "resource"'],
  ['HTML', [200, '<!doctype html><title>App</title>'], '(status 200, "text/html")'],
  [
    'another resource',
    [200, resourceDocument('https://other.test', 'https://as.test')],
    'other.test',
  ],
  ['no authorization server', [200, '{"resource":"ORIGIN/mcp"}'], 'authorization_servers'],
  ['status 500', [500, 'oops'], '(status 500'],
])(
  'resource metadata: after %s at the path-aware URL, the root is used and reported',
  { tags: ['C-30'] },
  async (_, [status, body], found) => {
    await using server = await tableServer((origin) => ({
      [`${resourceWellKnown}/mcp`]: [status, body.replace('ORIGIN', origin)],
      [resourceWellKnown]: [200, resourceDocument(origin, origin)],
      [serverWellKnown]: [200, serverDocument(origin)],
    }))
    const { resource, assumptions } = await discover(`${server.origin}/mcp`)
    expect(resource).toBe(server.origin)
    expect(assumptions).toEqual([
      { code: 'metadata-skipped', message: expect.stringContaining(found) },
    ])
    expect(assumptions[0]?.message).toContain(`${server.origin}${resourceWellKnown}/mcp`)
  },
)

test('resource metadata: a 404 at the path-aware URL is normal', { tags: ['C-30'] }, async () => {
  await using server = await tableServer((origin) => ({
    [resourceWellKnown]: [200, resourceDocument(origin, origin)],
    [serverWellKnown]: [200, serverDocument(origin)],
  }))
  expect((await discover(`${server.origin}/mcp`)).assumptions).toEqual([])
})

test.each([
  ['is not found', (origin: string) => `${origin}/missing.json`, '(status 404'],
  ['fails', (origin: string) => `${origin}/broken.json`, '(status 502'],
  ['cannot be reached', () => 'http://127.0.0.1:1/metadata.json', 'could not be reached'],
])(
  'resource metadata: if the URL of the challenge %s, the well-known URL is used and reported',
  { tags: ['C-30'] },
  async (_, challengeUrl, found) => {
    await using server = await tableServer((origin) => ({
      '/broken.json': [502, ''],
      [`${resourceWellKnown}/mcp`]: [200, resourceDocument(`${origin}/mcp`, origin)],
      [serverWellKnown]: [200, serverDocument(origin)],
    }))
    const { assumptions } = await discover(`${server.origin}/mcp`, {
      resourceMetadataUrl: challengeUrl(server.origin),
    })
    expect(assumptions).toEqual([
      { code: 'metadata-skipped', message: expect.stringContaining(found) },
    ])
  },
)

test(
  'resource metadata: a challenge of a public server that names this machine is not followed',
  { tags: ['C-30'] },
  async () => {
    const asked: string[] = []
    const answering: typeof fetch = (input) => {
      const { url } = new Request(input)
      asked.push(url)
      return Promise.resolve(
        url.includes('protected-resource')
          ? Response.json({
              resource: 'https://mcp.test/mcp',
              authorization_servers: ['https://as.test'],
            })
          : Response.json(JSON.parse(serverDocument('https://as.test'))),
      )
    }
    const { assumptions } = await discover('https://mcp.test/mcp', {
      resourceMetadataUrl: `http://localhost:3000${resourceWellKnown}`,
      fetch: answering,
    })
    expect(asked.filter((url) => url.includes('localhost'))).toEqual([])
    expect(assumptions.map(({ message }) => message)).toEqual([
      expect.stringContaining(`http://localhost:3000${resourceWellKnown}`),
    ])
  },
)

test(
  'resource metadata: if no document can be used, the error lists each location',
  { tags: ['C-30'] },
  async () => {
    await using server = await tableServer(() => ({
      '/named.json': [200, '{"error":"not found"}'],
      [`${resourceWellKnown}/mcp`]: [
        200,
        resourceDocument('https://other.test', 'https://as.test'),
      ],
      [resourceWellKnown]: [403, '<title>Are you human?</title>'],
    }))
    const error: unknown = await discover(`${server.origin}/mcp`, {
      resourceMetadataUrl: `${server.origin}/named.json`,
    }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'METADATA_MISMATCH' })
    const text = String(error)
    expect(text).toContain(`${server.origin}/named.json (status 200, "application/json": no member`)
    expect(text).toContain(`${server.origin}${resourceWellKnown}/mcp (status 200`)
    expect(text).toContain(`${server.origin}${resourceWellKnown} (status 403, "text/html")`)
  },
)

test.each<[string, readonly [number, string]]>([
  ['an empty object', [200, '{}']],
  ['a JSON error', [200, '{"error":"not found"}']],
  ['HTML', [200, '<title>App</title>']],
  [
    'metadata without a token endpoint',
    [200, '{"issuer":"ORIGIN","authorization_endpoint":"ORIGIN/a"}'],
  ],
])(
  'server metadata: after %s, the next URL is used and reported',
  { tags: ['C-31'] },
  async (_, [status, body]) => {
    await using server = await tableServer((origin) => ({
      [`${resourceWellKnown}/mcp`]: [200, resourceDocument(`${origin}/mcp`, origin)],
      [serverWellKnown]: [status, body.replaceAll('ORIGIN', origin)],
      [openIdWellKnown]: [200, serverDocument(origin)],
    }))
    const { assumptions } = await discover(`${server.origin}/mcp`)
    expect(assumptions).toEqual([
      { code: 'metadata-skipped', message: expect.stringContaining(serverWellKnown) },
    ])
  },
)

test(
  'server metadata: an issuer with the slash of an empty path is used, keeps both spellings, and is reported',
  { tags: ['C-32'] },
  async () => {
    await using server = await tableServer((origin) => ({
      [`${resourceWellKnown}/mcp`]: [200, resourceDocument(`${origin}/mcp`, `${origin}/`)],
      [serverWellKnown]: [200, serverDocument(origin)],
    }))
    const found = await discover(`${server.origin}/mcp`)
    expect(found.authorizationServer.issuer).toBe(server.origin)
    expect(found.namedIssuer).toBe(`${server.origin}/`)
    expect(found.assumptions.map(({ code }) => code)).toEqual(['issuer-slash-ignored'])
  },
)

test(
  'server metadata: a mismatch names the option that accepts the issuer, and the option accepts it',
  { tags: ['C-32'] },
  async () => {
    const issuer = 'https://login.example/tenant'
    await using server = await tableServer((origin) => ({
      [`${resourceWellKnown}/mcp`]: [200, resourceDocument(`${origin}/mcp`, origin)],
      [serverWellKnown]: [200, serverDocument(issuer, origin)],
    }))
    await expect(discover(`${server.origin}/mcp`)).rejects.toMatchObject({
      code: 'METADATA_MISMATCH',
      message: expect.stringMatching(
        /"https:\/\/login\.example\/tenant".*option trustedIssuer.*--trusted-issuer/,
      ),
    })
    const found = await discover(`${server.origin}/mcp`, { trustedIssuer: issuer })
    expect(found.authorizationServer.issuer).toBe(issuer)
    expect(found.assumptions.map(({ code }) => code)).toEqual(['issuer-trusted'])
    await expect(
      discover(`${server.origin}/mcp`, { trustedIssuer: 'https://login.example' }),
    ).rejects.toMatchObject({ code: 'METADATA_MISMATCH' })
  },
)

test(
  'guessed endpoints: the assumption names the status and type at each place',
  { tags: ['C-44'] },
  async () => {
    const botCheck = [403, '<title>Are you human?</title>'] as const
    await using server = await tableServer(() => ({
      [`${resourceWellKnown}/mcp`]: botCheck,
      [resourceWellKnown]: botCheck,
      [serverWellKnown]: botCheck,
    }))
    const { assumptions } = await discover(`${server.origin}/mcp`)
    expect(assumptions.map(({ code }) => code)).toEqual(['endpoints-guessed'])
    const message = assumptions[0]?.message ?? ''
    for (const path of [`${resourceWellKnown}/mcp`, resourceWellKnown, serverWellKnown]) {
      expect(message).toContain(`${server.origin}${path} (status 403, "text/html")`)
    }
    expect(message).toContain(`${server.origin}/token`)
  },
)

test.each([
  ['as seconds', '120'],
  ['as a date', 'Thu, 01 Jan 1970 00:02:00 GMT'],
])('discovery: Retry-After %s is in the error', { tags: ['C-53'] }, async (_, retryAfter) => {
  await using server = await tableServer(() => ({
    [`${resourceWellKnown}/mcp`]: [
      503,
      '<title>Maintenance</title>',
      { 'retry-after': retryAfter },
    ],
  }))
  await expect(
    discover(`${server.origin}/mcp`, { clock: { nowEpochSeconds: () => 0 } }),
  ).rejects.toMatchObject({
    code: 'TEMPORARILY_UNAVAILABLE',
    retryAfterSeconds: 120,
    message: expect.stringContaining('Try again in 120 s.'),
  })
})
