import type { AccessTokenRequest } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { createResourceServer } from '../src/index.ts'
import type { ResourceServerOptions } from '../src/index.ts'
import { startGuardedResource } from './access.ts'

type TokenChange = Omit<AccessTokenRequest, 'scope'>

const entraAudience = '6e74172b-be56-4843-9ff4-e66a39bb12e3'
const withoutType = { typ: undefined }

/** The reason of the decision about one token, and its scopes. */
async function decide(
  options: ResourceServerOptions,
  change: TokenChange,
  scope = 'mcp:read',
): Promise<{ readonly reason: string; readonly scopes: unknown }> {
  await using guarded = await startGuardedResource(options)
  const { as, resource } = guarded
  const token = await as.signAccessToken({ scope, resource, ...change })
  await guarded.get(`Bearer ${token}`)
  const [decision] = guarded.decisions
  return {
    reason: decision?.reason ?? 'none',
    scopes: decision?.allowed === true ? decision.token.scopes : undefined,
  }
}

test.each<[string, ResourceServerOptions, TokenChange]>([
  ['Okta: no typ, scp as an array', { tokenTypes: ['at+jwt', 'absent'] }, okta()],
  ['Okta: only tokens without typ', { tokenTypes: ['absent'] }, okta()],
  [
    'Amazon Cognito: no typ, token_use',
    { tokenTypes: ['absent'] },
    { header: withoutType, claims: { token_use: 'access', username: 'alice' } },
  ],
  [
    'Spring Authorization Server: no typ, the client as audience',
    { tokenTypes: ['absent'], additionalAudiences: ['notes-client'] },
    { header: withoutType, claims: { aud: 'notes-client', client_id: undefined, azp: undefined } },
  ],
  [
    'Entra ID: typ JWT, a GUID as audience, scp as a string',
    { tokenTypes: ['jwt'], additionalAudiences: [entraAudience] },
    {
      header: { typ: 'JWT' },
      claims: { aud: entraAudience, scope: undefined, scp: 'mcp:read', client_id: undefined },
    },
  ],
  [
    'Entra ID: an application ID URI as audience',
    { tokenTypes: ['jwt'], additionalAudiences: ['api://notes', entraAudience] },
    { header: { typ: 'JWT' }, claims: { aud: 'api://notes' } },
  ],
  [
    'Auth0: permissions',
    { scopeClaim: 'permissions' },
    { claims: { scope: 'openid', permissions: ['mcp:read'] } },
  ],
  [
    'Entra ID: roles',
    { scopeClaim: 'roles' },
    { claims: { scope: undefined, roles: ['mcp:read'] } },
  ],
  [
    'a claim with a namespace',
    { scopeClaim: 'https://example.com/scopes' },
    { claims: { scope: undefined, 'https://example.com/scopes': 'mcp:read' } },
  ],
  ['an empty scope, and scp', {}, { claims: { scope: '', scp: 'mcp:read' } }],
  ['a scope of spaces, and scp', {}, { claims: { scope: '  ', scp: ['mcp:read'] } }],
  ['an empty array as scope, and scp', {}, { claims: { scope: [], scp: 'mcp:read' } }],
  ['scope null, and scp', {}, { claims: { scope: null, scp: 'mcp:read' } }],
])(
  'token of a product: accepted: %s',
  { tags: ['S-17', 'S-12'] },
  async (_case, options, change) => {
    expect(await decide(options, change)).toEqual({
      reason: 'scope-sufficient',
      scopes: ['mcp:read'],
    })
  },
)

function okta(): TokenChange {
  return {
    header: withoutType,
    claims: { scope: undefined, scp: ['mcp:read'], client_id: undefined, cid: 'app', uid: 'u' },
  }
}

test.each<[string, string, ResourceServerOptions, TokenChange]>([
  ['no typ, not by default', 'token-type-not-allowed', {}, { header: withoutType }],
  ['no typ, with jwt', 'token-type-not-allowed', { tokenTypes: ['jwt'] }, { header: withoutType }],
  [
    'a typ that is the text "absent"',
    'token-type-not-allowed',
    { tokenTypes: ['absent'] },
    { header: { typ: 'absent' } },
  ],
  [
    'a typ that is the media type "absent"',
    'token-type-not-allowed',
    { tokenTypes: ['absent'] },
    { header: { typ: 'application/absent' } },
  ],
  ['typ JWT, with absent', 'token-type-not-allowed', { tokenTypes: ['absent'] }, typed('JWT')],
  ['an empty typ, with absent', 'token-type-not-allowed', { tokenTypes: ['absent'] }, typed('')],
  [
    'a logout token',
    'token-type-not-allowed',
    { tokenTypes: ['absent', 'jwt'] },
    typed('logout+jwt'),
  ],
  ['an ID token: at_hash', ...idToken({ at_hash: 'x' })],
  ['an ID token: c_hash', ...idToken({ c_hash: 'x' })],
  ['an ID token of Amazon Cognito', ...idToken({ token_use: 'id' })],
  ['an ID token of Keycloak', ...idToken({ typ: 'ID' })],
  ['an offline token of Keycloak', ...idToken({ typ: 'Offline' })],
  ['a back-channel logout token', ...idToken({ events: {} })],
  [
    'no required claims without typ',
    'token-claim-invalid',
    { tokenTypes: ['absent'] },
    { header: withoutType, claims: { exp: undefined } },
  ],
  [
    'an additional audience of another API',
    'token-audience-mismatch',
    { additionalAudiences: ['api://notes'] },
    { claims: { aud: 'api://notes-admin' } },
  ],
  [
    'an additional audience in another case',
    'token-audience-mismatch',
    { additionalAudiences: ['api://notes'] },
    { claims: { aud: 'API://NOTES' } },
  ],
  [
    'an additional audience with a slash',
    'token-audience-mismatch',
    { additionalAudiences: ['api://notes'] },
    { claims: { aud: 'api://notes/' } },
  ],
])(
  'token of a product: refused: %s',
  { tags: ['S-17', 'S-12'] },
  async (_case, reason, ...rest) => {
    expect(await decide(...rest)).toMatchObject({ reason })
  },
)

function typed(typ: string): TokenChange {
  return { header: { typ } }
}

function idToken(claims: Record<string, unknown>): [string, ResourceServerOptions, TokenChange] {
  return ['token-type-not-allowed', { tokenTypes: ['absent'] }, { header: withoutType, claims }]
}

test(
  'token of a product: a token of type at+jwt may have any claims',
  { tags: ['S-17'] },
  async () => {
    const claims = { at_hash: 'x', token_use: 'id' }
    expect(await decide({}, { claims })).toMatchObject({ reason: 'scope-sufficient' })
  },
)

test.each<[string, ResourceServerOptions, Record<string, unknown>, readonly string[]]>([
  ['scope is not empty', {}, { scope: 'openid', scp: 'mcp:read' }, ['openid']],
  ['scope is malformed', {}, { scope: 'mcp:"x', scp: 'mcp:read' }, []],
  ['scopeClaim names another claim', { scopeClaim: 'permissions' }, { scp: 'mcp:read' }, []],
  ['scopeClaim is not a claim', { scopeClaim: 'toString' }, {}, []],
  ['scopeClaim names an object', { scopeClaim: 'realm' }, { realm: { roles: ['mcp:read'] } }, []],
])(
  'scopes: other claims are not read: %s',
  { tags: ['S-17'] },
  async (_case, options, claims, scopes) => {
    const decision = await decide(options, { claims: { scope: 'mcp:write', ...claims } })
    expect(decision.scopes).toEqual(scopes)
  },
)

test.each<[string, ResourceServerOptions]>([
  ['tokenTypes', { tokenTypes: [] }],
  ['tokenTypes', { tokenTypes: ['at+jwt', ''] }],
  ['additionalAudiences', { additionalAudiences: [''] }],
  ['additionalAudiences', { additionalAudiences: [' api://notes'] }],
  ['scopeClaim', { scopeClaim: '' }],
])('options: refuses a mistake in %s: %j', { tags: ['S-17'] }, (option, options) => {
  const create = () =>
    createResourceServer('https://mcp.example.com/mcp', ['https://as.example.com'], options)
  expect(create).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  expect(create).toThrow(`The option ${option} `)
})
