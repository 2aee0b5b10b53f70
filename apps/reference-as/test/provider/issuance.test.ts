import { describe, expect, test } from 'vitest'
import {
  answerOf,
  authorizationRequest,
  discover,
  presentation,
  redeem,
  redirectUri,
  register,
  signIn,
  startServer,
} from '../support.ts'

const codeOnly = { grant_types: ['authorization_code'] }
const both = { grant_types: ['authorization_code', 'refresh_token'] }

test.each([
  ['oauth21', 'neither signal', codeOnly, 'mcp:read', false],
  ['oauth21', 'the grant type', both, 'mcp:read', true],
  ['oauth21', 'offline_access alone', codeOnly, 'mcp:read offline_access', false],
  ['oidc', 'neither signal', codeOnly, 'mcp:read', false],
  ['oidc', 'the grant type', both, 'mcp:read', false],
  ['oidc', 'offline_access alone', codeOnly, 'mcp:read offline_access', false],
  ['oidc', 'both', both, 'mcp:read offline_access', true],
  ['either', 'neither signal', codeOnly, 'mcp:read', false],
  ['either', 'the grant type', both, 'mcp:read', true],
  ['either', 'offline_access alone', codeOnly, 'mcp:read offline_access', true],
  ['never', 'both', both, 'mcp:read offline_access', false],
] as const)(
  'issuance: %s with %s',
  { tags: ['A-01', 'A-02', 'A-04'] },
  async (preset, _, metadata, scope, issued) => {
    await using server = await startServer({ preset })
    for (const prompt of [undefined, 'consent']) {
      const client = await register(server, { grant_types: [...metadata.grant_types] })
      const { tokens } = await signIn(server, { client, parameters: { scope, prompt } })
      const { refresh_token: refreshToken } = tokens
      // A client that did not declare the grant type can use its refresh token.
      const outcome =
        refreshToken === undefined ? 'none' : await presentation(server, client, refreshToken)
      expect(outcome).toBe(issued ? 'ok' : 'none')
    }
  },
)

test('issuance: the decision is logged with its reason', { tags: ['A-01'] }, async () => {
  await using server = await startServer()
  await signIn(server, { parameters: { scope: 'mcp:read' } })
  expect(server.logs).toContainEqual(
    expect.objectContaining({
      event: 'refresh_token.issuance',
      issue: false,
      reason: 'offline-access-not-requested',
    }),
  )
  expect(server.stats().refreshTokens).toMatchObject({ issued: 0, notIssued: 1 })
})

test(
  'issuance: a risk assessment can veto one client and not another',
  { tags: ['A-01'] },
  async () => {
    await using server = await startServer({
      assessRisk: ({ client }) =>
        client.clientName === 'Stranger'
          ? { verdict: 'veto', because: 'not on the list' }
          : { verdict: 'accept' },
    })
    const stranger = await register(server, { client_name: 'Stranger' })
    expect((await signIn(server, { client: stranger })).tokens.refresh_token).toBeUndefined()
    expect((await signIn(server)).tokens.refresh_token).toBeDefined()
  },
)

test(
  'issuance: with trusted domains, clients of other domains get no refresh token',
  { tags: ['A-01'] },
  async () => {
    await using demo = await startServer({ trustedDomains: ['other.example'] })
    expect((await signIn(demo)).tokens.refresh_token).toBeUndefined()
    expect(demo.logs).toContainEqual(
      expect.objectContaining({
        event: 'refresh_token.issuance',
        reason: 'risk-veto',
        riskReason: 'the client belongs to no trusted domain',
      }),
    )
    const known = {
      client_id: 'known',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none' as const,
      application_type: 'native' as const,
    }
    await using knowing = await startServer({
      trustedDomains: ['other.example'],
      clients: [known],
    })
    const { tokens } = await signIn(knowing, { client: { client_id: 'known' } })
    expect(tokens.refresh_token).toBeDefined()
  },
)

test.each([
  ['a loopback URI', 'http://127.0.0.1:7777/callback'],
  ['a private-use scheme', 'com.example.app:/callback'],
])(
  'issuance: a client on the user’s machine gets no refresh token, also when it registers more than %s',
  { tags: ['A-01'] },
  async (_, uri) => {
    const unowned = 'com.example.unowned:/callback'
    await using server = await startServer({ localRedirectLifetimeSeconds: 0 })
    const client = await register(server, { redirect_uris: [uri, unowned] })
    const authorization = await authorizationRequest(server, client, { redirect_uri: uri })
    const answer = await answerOf(authorization)
    const tokens = await redeem(server, authorization, answer, uri)
    expect(tokens.refresh_token).toBeUndefined()
    expect(server.logs).toContainEqual(
      expect.objectContaining({ event: 'refresh_token.issuance', reason: 'risk-veto' }),
    )
  },
)

test(
  'issuance: a new client gets no refresh token, and an older one does',
  { tags: ['A-01'] },
  async () => {
    await using server = await startServer({ newClientLifetimeSeconds: 0, newClientSeconds: 1 })
    const { client, tokens } = await signIn(server)
    expect(tokens.refresh_token).toBeUndefined()
    await expect
      .poll(async () => (await signIn(server, { client })).tokens.refresh_token, {
        timeout: 5000,
      })
      .toBeDefined()
  },
)

test('issuance: a risk assessment can shorten a sign-in', { tags: ['A-01', 'A-07'] }, async () => {
  await using server = await startServer({
    assessRisk: () => ({
      verdict: 'shorten',
      maximumLifetimeSeconds: 1,
      because: 'first seen',
    }),
  })
  const { client, tokens } = await signIn(server)
  await expect
    .poll(async () => await presentation(server, client, tokens.refresh_token ?? ''), {
      timeout: 5000,
    })
    .toBe('invalid_grant')
})

describe('metadata', () => {
  test.each([
    ['oauth21', false, true],
    ['oidc', true, true],
    ['either', true, true],
    ['never', false, false],
  ] as const)(
    'metadata: with %s, offline_access listed is %s, and refresh_token grant listed is %s',
    { tags: ['A-03'] },
    async (preset, offlineAccess, refreshGrant) => {
      await using server = await startServer({ preset })
      const metadata = await discover(server)
      expect(metadata.scopes_supported?.includes('offline_access')).toBe(offlineAccess)
      expect(metadata.grant_types_supported?.includes('refresh_token')).toBe(refreshGrant)
      expect(metadata.scopes_supported).toEqual(
        expect.arrayContaining(['openid', 'mcp:read', 'mcp:write', 'mcp:admin']),
      )
    },
  )
})
