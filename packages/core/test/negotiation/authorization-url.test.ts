import { expect, test } from 'vitest'
import { negotiateScope } from '../../src/index.ts'
import { buildAuthorizationUrl } from '../../src/authorization.ts'
import { applyProviderProfile, providerProfiles, standardProfile } from '../../src/providers.ts'

const resource = 'https://mcp.example.com/mcp'
const request = {
  clientId: 'client-1',
  redirectUri: 'http://127.0.0.1/callback',
  state: 'state-1',
  codeChallenge: 'challenge-1',
}

test(
  'authorization url: contains PKCE, state, the resource, the scope and the prompt',
  { tags: ['C-33', 'C-34', 'C-36'] },
  () => {
    const decision = negotiateScope({
      challengeScope: 'files:read',
      authorizationServer: { scopes_supported: ['openid', 'offline_access'] },
    })
    const url = buildAuthorizationUrl(
      { authorization_endpoint: 'https://as.example.com/authorize' },
      { ...request, decision, fromProfile: applyProviderProfile(standardProfile, resource) },
    )
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: 'http://127.0.0.1/callback',
      state: 'state-1',
      code_challenge: 'challenge-1',
      code_challenge_method: 'S256',
      resource,
      scope: 'files:read offline_access',
      prompt: 'consent',
    })
  },
)

test('authorization url: keeps the query of the endpoint, and never lets it replace a parameter', () => {
  const url = buildAuthorizationUrl(
    { authorization_endpoint: 'https://as.example.com/authorize?tenant=a&state=fixed' },
    {
      ...request,
      decision: negotiateScope({}),
      fromProfile: applyProviderProfile(standardProfile, resource),
    },
  )
  const { searchParams } = new URL(url)
  expect(searchParams.get('tenant')).toBe('a')
  expect(searchParams.getAll('state')).toEqual(['state-1'])
  expect(searchParams.has('scope')).toBe(false)
})

test('authorization url: a profile adds its parameters and leaves out the resource', () => {
  const profileOf = (id: string) =>
    providerProfiles.find((profile) => profile.id === id) ?? standardProfile
  const urlFor = (id: string) =>
    new URL(
      buildAuthorizationUrl(
        { authorization_endpoint: 'https://as.example.com/authorize' },
        {
          ...request,
          decision: negotiateScope({}),
          fromProfile: applyProviderProfile(profileOf(id), resource),
        },
      ),
    ).searchParams
  expect(urlFor('google').get('access_type')).toBe('offline')
  expect(urlFor('entra-id').has('resource')).toBe(false)
})
