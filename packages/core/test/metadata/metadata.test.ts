import { expect, test } from 'vitest'
import {
  decidePkce,
  isOpenIdProvider,
  parseAuthorizationServerMetadata,
  parseProtectedResourceMetadata,
} from '../../src/index.ts'

const issuer = 'https://auth.test'
const document = {
  issuer,
  authorization_endpoint: 'https://auth.test/authorize',
  token_endpoint: 'https://auth.test/token',
}

test('server metadata: keeps valid members, and reports invalid ones', { tags: ['C-31'] }, () => {
  const { metadata, warnings } = parseAuthorizationServerMetadata(
    {
      ...document,
      registration_endpoint: 'http://auth.test/register',
      revocation_endpoint: 'https://auth.test/revoke',
      scopes_supported: ['openid', 'offline_access', 'a b', 7],
      code_challenge_methods_supported: 'S256',
      grant_types_supported: ['authorization_code', 'refresh_token'],
      client_id_metadata_document_supported: 'true',
      authorization_response_iss_parameter_supported: true,
      jwks_uri: null,
      something_else: 1,
    },
    issuer,
  )
  expect(metadata).toEqual({
    ...document,
    revocation_endpoint: 'https://auth.test/revoke',
    scopes_supported: ['openid', 'offline_access'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    authorization_response_iss_parameter_supported: true,
  })
  expect(warnings.map((warning) => warning.message)).toEqual([
    'scopes_supported has entries that are not strings; it was left out',
    'scopes_supported has "a b", which is not a scope token; it was left out',
    'registration_endpoint is "http://auth.test/register", not an https URL (or http on a loopback host); it was left out',
    'code_challenge_methods_supported is "S256", not an array; it was left out',
    'client_id_metadata_document_supported is "true", not true or false; it was left out',
  ])
})

test.each([
  ['another host', 'https://honest.example'],
  ['a slash more', 'https://auth.test/'],
  ['another case', 'https://AUTH.test'],
  ['none', undefined],
])('server metadata: refuses an issuer with %s', { tags: ['C-32'] }, (_, named) => {
  expect(() => parseAuthorizationServerMetadata({ ...document, issuer: named }, issuer)).toThrow(
    expect.objectContaining({ code: 'ISSUER_MISMATCH' }),
  )
})

test.each([
  ['no object', [document], 'METADATA_INVALID'],
  ['no token endpoint', { ...document, token_endpoint: undefined }, 'METADATA_INVALID'],
  ['no authorization endpoint', { ...document, authorization_endpoint: '' }, 'METADATA_INVALID'],
  [
    'a token endpoint without TLS',
    { ...document, token_endpoint: 'http://auth.test/t' },
    'ENDPOINT_NOT_SECURE',
  ],
  [
    'an authorization endpoint that is a script',
    { ...document, authorization_endpoint: 'javascript:alert(1)' },
    'URL_INVALID',
  ],
])('server metadata: refuses %s', { tags: ['C-31'] }, (_, wrong, code) => {
  expect(() => parseAuthorizationServerMetadata(wrong, issuer)).toThrow(
    expect.objectContaining({ code }),
  )
})

test('server metadata: http is allowed on loopback hosts only', () => {
  const local = 'http://127.0.0.1:3000'
  const { metadata } = parseAuthorizationServerMetadata(
    { issuer: local, authorization_endpoint: `${local}/a`, token_endpoint: 'http://[::1]:1/t' },
    local,
  )
  expect(metadata.token_endpoint).toBe('http://[::1]:1/t')
})

test.each([
  ['S256 advertised', ['plain', 'S256'], false, 'use-s256', 'advertised'],
  ['nothing advertised', undefined, false, 'refuse', 'not-advertised'],
  ['nothing advertised, option set', undefined, true, 'use-s256', 'assumed-by-option'],
  ['only plain', ['plain'], false, 'refuse', 's256-not-listed'],
  ['only plain, option set', ['plain'], true, 'refuse', 's256-not-listed'],
  ['an empty list, option set', [], true, 'refuse', 's256-not-listed'],
])(
  'PKCE: %s: %s, assumeS256 %s: %s',
  { tags: ['C-33'] },
  (_, methods, assumeS256, action, reason) => {
    const metadata = methods === undefined ? {} : { code_challenge_methods_supported: methods }
    expect(decidePkce(metadata, { assumeS256 })).toMatchObject({ action, reason })
  },
)

test(
  'OpenID Provider: recognized by members that only OpenID Providers publish',
  { tags: ['C-07'] },
  () => {
    expect(isOpenIdProvider({ scopes_supported: ['openid'] })).toBe(true)
    expect(isOpenIdProvider({ subject_types_supported: ['public'] })).toBe(true)
    expect(isOpenIdProvider({ id_token_signing_alg_values_supported: ['RS256'] })).toBe(true)
    expect(isOpenIdProvider({ scopes_supported: ['offline_access'] })).toBe(false)
  },
)

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
  ['no object', 'html', 'METADATA_INVALID'],
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
