import { expect, test } from 'vitest'
import {
  decidePkce,
  isOpenIdProvider,
  parseAuthorizationServerMetadata,
} from '../../src/metadata.ts'

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
  ['two additional slashes', 'https://auth.test//'],
  ['another case', 'https://AUTH.test'],
  ['no issuer', undefined],
])('server metadata: refuses another issuer: %s', { tags: ['C-32'] }, (_, named) => {
  expect(() => parseAuthorizationServerMetadata({ ...document, issuer: named }, issuer)).toThrow(
    expect.objectContaining({ code: 'ISSUER_MISMATCH' }),
  )
})

test.each([
  ['an array', [document], 'METADATA_INVALID'],
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

test.each([
  [undefined, 'use-s256', 'known-product'],
  [['plain'], 'refuse', 's256-not-listed'],
  [['S256'], 'use-s256', 'advertised'],
  [[], 'refuse', 's256-not-listed'],
])(
  'PKCE: a product known to support S256 whose metadata lists %j',
  { tags: ['C-33'] },
  (methods, action, reason) => {
    const metadata = methods === undefined ? {} : { code_challenge_methods_supported: methods }
    expect(decidePkce(metadata, { knownProduct: 'Microsoft Entra ID' })).toMatchObject({
      action,
      reason,
    })
  },
)

test('PKCE: an assumption about a product names the product', { tags: ['C-33'] }, () => {
  const { explanation } = decidePkce({}, { knownProduct: 'Microsoft Entra ID' })
  expect(explanation).toContain('Microsoft Entra ID does not advertise PKCE')
})

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
