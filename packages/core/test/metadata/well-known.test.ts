import { expect, test } from 'vitest'
import {
  authorizationServerMetadataUrls,
  canonicalResource,
  protectedResourceMetadataUrls,
  relateResource,
} from '../../src/metadata.ts'

test.each([
  [
    'https://example.com/public/mcp',
    [
      ['path', 'https://example.com/.well-known/oauth-protected-resource/public/mcp'],
      ['root', 'https://example.com/.well-known/oauth-protected-resource'],
    ],
  ],
  [
    'https://example.com/mcp?tenant=a',
    [
      ['path', 'https://example.com/.well-known/oauth-protected-resource/mcp?tenant=a'],
      ['root', 'https://example.com/.well-known/oauth-protected-resource'],
    ],
  ],
  [
    'http://127.0.0.1:3000',
    [['root', 'http://127.0.0.1:3000/.well-known/oauth-protected-resource']],
  ],
])(
  'well-known: locations of the metadata of %s, in order',
  { tags: ['C-30'] },
  (server, places) => {
    expect(protectedResourceMetadataUrls(server).map(({ place, url }) => [place, url])).toEqual(
      places,
    )
  },
)

test('well-known: the URL of the challenge is the first location', { tags: ['C-30'] }, () => {
  const challengeUrl = 'https://cdn.example.com/metadata.json'
  const server = 'https://example.com/mcp'
  const wellKnown = protectedResourceMetadataUrls(server)
  expect(protectedResourceMetadataUrls(server, { challengeUrl })).toEqual([
    { url: challengeUrl, place: 'challenge' },
    ...wellKnown,
  ])
  const [path] = wellKnown
  expect(
    protectedResourceMetadataUrls(server, { challengeUrl: path?.url }).map(({ place }) => place),
  ).toEqual(['challenge', 'root'])
  expect(() =>
    protectedResourceMetadataUrls('https://example.com/mcp', {
      challengeUrl: 'http://example.com',
    }),
  ).toThrow(expect.objectContaining({ code: 'ENDPOINT_NOT_SECURE' }))
})

test(
  'well-known: refuses an MCP server without TLS that is not on loopback',
  { tags: ['C-06', 'C-30'] },
  () => {
    const challengeUrl = 'https://example.com/metadata.json'
    for (const options of [{}, { challengeUrl }]) {
      expect(() => protectedResourceMetadataUrls('http://example.com/mcp', options)).toThrow(
        expect.objectContaining({ code: 'ENDPOINT_NOT_SECURE' }),
      )
    }
  },
)

test.each([
  [
    'https://auth.example.com/tenant1',
    [
      'https://auth.example.com/.well-known/oauth-authorization-server/tenant1',
      'https://auth.example.com/.well-known/openid-configuration/tenant1',
      'https://auth.example.com/tenant1/.well-known/openid-configuration',
    ],
  ],
  [
    'https://auth.example.com/a/b/',
    [
      'https://auth.example.com/.well-known/oauth-authorization-server/a/b',
      'https://auth.example.com/.well-known/openid-configuration/a/b',
      'https://auth.example.com/a/b/.well-known/openid-configuration',
    ],
  ],
  [
    'https://auth.example.com',
    [
      'https://auth.example.com/.well-known/oauth-authorization-server',
      'https://auth.example.com/.well-known/openid-configuration',
    ],
  ],
  [
    'https://auth.example.com/',
    [
      'https://auth.example.com/.well-known/oauth-authorization-server',
      'https://auth.example.com/.well-known/openid-configuration',
    ],
  ],
])(
  'well-known: locations of the metadata of the issuer %s, in order',
  { tags: ['C-31'] },
  (issuer, urls) => {
    expect(authorizationServerMetadataUrls(issuer).map(({ url }) => url)).toEqual(urls)
  },
)

test.each([
  ['a query', 'https://auth.test/?a=b', 'URL_INVALID'],
  ['an empty fragment', 'https://auth.test/#', 'URL_INVALID'],
  ['no URL', 'auth.test', 'URL_INVALID'],
  ['another scheme', 'ftp://auth.test', 'URL_INVALID'],
  ['http', 'http://auth.test', 'ENDPOINT_NOT_SECURE'],
])('issuer: refuses %s', { tags: ['C-31'] }, (_, issuer, code) => {
  expect(() => authorizationServerMetadataUrls(issuer)).toThrow(expect.objectContaining({ code }))
})

test('URL: a password is refused and not shown', { tags: ['C-06'] }, () => {
  let message = ''
  try {
    canonicalResource('https://me:hunter2@mcp.test/mcp')
  } catch (error) {
    message = String(error)
  }
  expect(message).toContain('user name or password')
  expect(message).not.toContain('hunter2')
})

test.each([
  ['https://mcp.example.com/mcp', 'https://mcp.example.com/mcp'],
  ['https://mcp.example.com', 'https://mcp.example.com'],
  ['https://mcp.example.com/', 'https://mcp.example.com'],
  ['https://mcp.example.com:8443', 'https://mcp.example.com:8443'],
  ['https://mcp.example.com/server/mcp', 'https://mcp.example.com/server/mcp'],
  ['HTTPS://MCP.Example.COM:443/MCP', 'https://mcp.example.com/MCP'],
  ['https://mcp.example.com/mcp/', 'https://mcp.example.com/mcp/'],
  ['https://mcp.example.com/mcp#part', 'https://mcp.example.com/mcp'],
  ['https://mcp.example.com/mcp?tenant=a', 'https://mcp.example.com/mcp?tenant=a'],
])('resource: the canonical URI of %s is %s', { tags: ['C-34'] }, (url, canonical) => {
  expect(canonicalResource(url)).toBe(canonical)
  expect(canonicalResource(canonical)).toBe(canonical)
})

test('resource: a URI without a scheme is refused', { tags: ['C-34'] }, () => {
  expect(() => canonicalResource('mcp.example.com')).toThrow(
    expect.objectContaining({ code: 'URL_INVALID' }),
  )
})

test.each([
  ['https://mcp.test/mcp', 'https://mcp.test/mcp', 'identical'],
  ['https://MCP.test/mcp/', 'https://mcp.test/mcp', 'identical'],
  ['https://mcp.test', 'https://mcp.test/mcp', 'covers'],
  ['https://mcp.test/a', 'https://mcp.test/a/b', 'covers'],
  ['https://mcp.test/a', 'https://mcp.test/ab', 'different'],
  ['https://mcp.test/mcp/deep', 'https://mcp.test/mcp', 'different'],
  ['https://mcp.test:8443', 'https://mcp.test', 'different'],
  ['http://mcp.test', 'https://mcp.test', 'different'],
  ['https://other.test', 'https://mcp.test/mcp', 'different'],
  ['https://mcp.test/mcp?a=b', 'https://mcp.test/mcp', 'different'],
  ['https://mcp.test/mcp#a', 'https://mcp.test/mcp', 'different'],
])('resource: %s, for the server %s, is %s', { tags: ['C-34'] }, (resource, server, relation) => {
  expect(relateResource(resource, server)).toBe(relation)
})
