import { expect, test } from 'vitest'
import { parseProtectedResourceMetadata } from '../../src/metadata.ts'

const issuer = 'https://auth.test'
const server = 'https://mcp.test/mcp'

test('resource metadata: parses the members it uses', { tags: ['C-30', 'S-10'] }, () => {
  expect(
    parseProtectedResourceMetadata(
      {
        resource: server,
        authorization_servers: [issuer, 'http://auth.test', 'https://auth.test/?x', 7],
        scopes_supported: ['files:read'],
        resource_name: 'Files',
        bearer_methods_supported: ['header'],
        dpop_bound_access_tokens_required: false,
        resource_documentation: 'https://mcp.test/docs',
        unknown: true,
      },
      server,
    ),
  ).toEqual({
    metadata: {
      resource: server,
      authorization_servers: [issuer],
      scopes_supported: ['files:read'],
      resource_name: 'Files',
      bearer_methods_supported: ['header'],
      dpop_bound_access_tokens_required: false,
      resource_documentation: 'https://mcp.test/docs',
    },
    warnings: [
      expect.objectContaining({ code: 'member-ignored' }),
      expect.objectContaining({ code: 'authorization-server-ignored' }),
      expect.objectContaining({ code: 'authorization-server-ignored' }),
    ],
  })
})

test('resource metadata: reports offline_access in scopes_supported', { tags: ['S-02'] }, () => {
  const { warnings } = parseProtectedResourceMetadata(
    {
      resource: server,
      authorization_servers: [issuer],
      scopes_supported: ['a', 'offline_access'],
    },
    server,
  )
  expect(warnings).toEqual([expect.objectContaining({ requirement: 'S-02' })])
})

const ofTheWholeOrigin = { resource: 'https://mcp.test', authorization_servers: [issuer] }

test.each([
  'https://mcp.test/.well-known/oauth-protected-resource',
  'https://mcp.test/.well-known/oauth-protected-resource/mcp',
])(
  'resource metadata: accepts the whole origin as resource from %s, with a warning',
  { tags: ['C-30'] },
  (documentUrl) => {
    const { metadata, warnings } = parseProtectedResourceMetadata(ofTheWholeOrigin, server, {
      documentUrl,
    })
    expect(metadata.resource).toBe('https://mcp.test')
    expect(warnings).toEqual([expect.objectContaining({ code: 'resource-covers-url' })])
  },
)

// A tenant at /mcp can serve each of these, and would get tokens that are valid at its neighbors.
test.each([
  undefined,
  'https://mcp.test/mcp/.well-known/oauth-protected-resource',
  'https://mcp.test/mcp/metadata.json',
  'https://mcp.test/.well-known/oauth-protected-resource/../../mcp/metadata.json',
  'https://mcp.test/.well-known/oauth-protected-resource/..%2f..%2fmcp/metadata.json',
  'https://mcp.test/.well-known/oauth-protected-resource/%2e%2e/%2e%2e/mcp/metadata.json',
  'https://mcp.test/.well-known/oauth-protected-resources',
  'https://evil.test/.well-known/oauth-protected-resource/mcp',
  'https://mcp.test:8443/.well-known/oauth-protected-resource/mcp',
])(
  'resource metadata: refuses the whole origin as resource from %s',
  { tags: ['C-30', 'C-34'] },
  (documentUrl) => {
    expect(() => parseProtectedResourceMetadata(ofTheWholeOrigin, server, { documentUrl })).toThrow(
      expect.objectContaining({ code: 'RESOURCE_TOO_WIDE' }),
    )
  },
)

test(
  'resource metadata: accepts a wider resource from any document if the host names it',
  { tags: ['C-30', 'C-34'] },
  () => {
    const documentUrl = 'https://mcp.test/mcp/metadata.json'
    const { metadata } = parseProtectedResourceMetadata(ofTheWholeOrigin, server, {
      documentUrl,
      acceptedResource: 'https://mcp.test/',
    })
    expect(metadata.resource).toBe('https://mcp.test')
    expect(() =>
      parseProtectedResourceMetadata(ofTheWholeOrigin, 'https://mcp.test/a/mcp', {
        documentUrl,
        acceptedResource: 'https://mcp.test/a',
      }),
    ).toThrow(expect.objectContaining({ code: 'RESOURCE_TOO_WIDE' }))
  },
)

test.each([
  ['a string', 'html', 'METADATA_INVALID'],
  ['no resource', { authorization_servers: [issuer] }, 'METADATA_INVALID'],
  [
    'a resource that is not a URL',
    { resource: 'mcp', authorization_servers: [issuer] },
    'URL_INVALID',
  ],
  [
    'the resource of another server',
    { resource: 'https://evil.test/mcp', authorization_servers: [issuer] },
    'RESOURCE_MISMATCH',
  ],
  ['no authorization server', { resource: server }, 'METADATA_INVALID'],
  ['an empty list', { resource: server, authorization_servers: [] }, 'METADATA_INVALID'],
  [
    'no usable authorization server',
    { resource: server, authorization_servers: ['http://auth.test'] },
    'METADATA_INVALID',
  ],
])('resource metadata: refuses %s', { tags: ['C-30'] }, (_, wrong, code) => {
  expect(() => parseProtectedResourceMetadata(wrong, server)).toThrow(
    expect.objectContaining({ code }),
  )
})
