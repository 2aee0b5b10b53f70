import { expect, test } from 'vitest'
import {
  createResourceServer,
  protectedResourceMetadata,
  protectedResourceMetadataUrl,
  ResourceServerError,
} from '../src/index.ts'

const resource = 'https://mcp.example.com/mcp'
const authorizationServers = ['https://as.example.com']

test('metadata: refuses offline_access, and says why', { tags: ['S-02', 'S-03'] }, () => {
  const scopesSupported = ['files:read', 'offline_access']
  expect(() =>
    protectedResourceMetadata({ resource, authorizationServers, scopesSupported }),
  ).toThrow(
    expect.objectContaining({
      code: 'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE',
      message: expect.stringContaining('concerns only the client and the authorization server'),
    }),
  )
  expect(() => createResourceServer(resource, authorizationServers, { scopesSupported })).toThrow(
    expect.objectContaining({ code: 'OFFLINE_ACCESS_IS_NOT_A_RESOURCE_SCOPE' }),
  )
})

test('metadata: builds the document with the names of RFC 9728', { tags: ['S-10'] }, () => {
  expect(
    protectedResourceMetadata({
      resource,
      authorizationServers,
      scopesSupported: ['files:read'],
      resourceName: 'Files',
    }),
  ).toEqual({
    resource,
    authorization_servers: authorizationServers,
    bearer_methods_supported: ['header'],
    scopes_supported: ['files:read'],
    resource_name: 'Files',
  })
})

test('metadata: requires an authorization server', { tags: ['S-10'] }, () => {
  expect(() => createResourceServer(resource, [])).toThrow(
    expect.objectContaining({ code: 'AUTHORIZATION_SERVER_MISSING' }),
  )
})

test.each([
  [
    'https://mcp.example.com/mcp',
    'https://mcp.example.com/.well-known/oauth-protected-resource/mcp',
  ],
  ['https://mcp.example.com', 'https://mcp.example.com/.well-known/oauth-protected-resource'],
  [
    'https://mcp.example.com:8443',
    'https://mcp.example.com:8443/.well-known/oauth-protected-resource',
  ],
  ['https://h.example/a/b', 'https://h.example/.well-known/oauth-protected-resource/a/b'],
  ['http://127.0.0.1:3000/mcp', 'http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp'],
])('metadata: the well-known URL of %s', { tags: ['S-10'] }, (identifier, expected) => {
  expect(protectedResourceMetadataUrl(identifier)).toBe(expected)
})

test.each([
  'mcp.example.com',
  'http://mcp.example.com/mcp',
  'https://mcp.example.com/mcp#tools',
  'https://user@mcp.example.com/mcp',
  'ftp://mcp.example.com',
  'https://MCP.example.com/mcp',
  'https://mcp.example.com/',
  'https://mcp.example.com:443/mcp',
])('metadata: refuses the resource identifier %s', (identifier) => {
  expect(() => createResourceServer(identifier, authorizationServers)).toThrow(
    expect.objectContaining({ code: 'RESOURCE_INVALID' }),
  )
})

test.each([
  { authorizationServers: ['http://as.example.com'] },
  { authorizationServers: ['https://as.example.com?tenant=1'] },
  { authorizationServers: ['https://as.example.com', 'https://as.example.com'] },
  {
    authorizationServers: [{ issuer: 'https://as.example.com', jwksUri: 'http://as.example.com' }],
  },
])('metadata: refuses the authorization servers %j', (configuration) => {
  expect(() => createResourceServer(resource, configuration.authorizationServers)).toThrow(
    expect.objectContaining({ code: 'AUTHORIZATION_SERVER_INVALID' }),
  )
})

test.each([
  [{ algorithms: ['HS256'] }, 'ALGORITHM_NOT_ALLOWED'],
  [{ algorithms: ['none'] }, 'ALGORITHM_NOT_ALLOWED'],
  [{ algorithms: [] }, 'ALGORITHM_NOT_ALLOWED'],
  [{ clockToleranceSeconds: 61 }, 'OPTION_INVALID'],
  [{ clockToleranceSeconds: Number.NaN }, 'OPTION_INVALID'],
  [{ scopesSupported: ['files:read files:write'] }, 'SCOPE_INVALID'],
])('options: refuses %j', { tags: ['S-12'] }, (options, code) => {
  expect(() => createResourceServer(resource, authorizationServers, options)).toThrow(
    expect.objectContaining({ code }),
  )
})

test('errors: are recognized by their brand', () => {
  expect(ResourceServerError.is(new ResourceServerError('OPTION_INVALID', 'one'))).toBe(true)
  expect(ResourceServerError.is(new Error('another'))).toBe(false)
})
