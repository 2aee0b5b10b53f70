import { negotiateScope } from '@evergrant/core'
import { providerProfiles, standardProfile } from '@evergrant/core/providers'
import type { AuthorizationServerMetadata } from '@evergrant/core/metadata'
import { expect, test } from 'vitest'
import { forecastSignIn } from '../src/forecast.ts'

const resource = 'https://mcp.example.com/mcp'
const both = ['authorization_code', 'refresh_token']

function metadataOf(
  issuer: string,
  members: Partial<AuthorizationServerMetadata> = {},
): AuthorizationServerMetadata {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    scopes_supported: ['openid', 'offline_access'],
    ...members,
  }
}

function outlookAt(
  profileId: string,
  grantTypes: readonly string[],
  options: { readonly wantsRefreshToken?: boolean; readonly issuer?: string } = {},
) {
  const profile = providerProfiles.find(({ id }) => id === profileId) ?? standardProfile
  const metadata = metadataOf(options.issuer ?? 'https://as.example.com')
  const decision = negotiateScope(
    {
      challengeScope: 'files:read',
      authorizationServer: metadata,
      client: { grant_types: grantTypes },
      profile,
    },
    options,
  )
  return forecastSignIn({ metadata, profile, resource, decision, grantTypes }, options).refreshToken
}

test('forecast: a product that requires the grant type issues nothing to a client without it', () => {
  expect(outlookAt('keycloak', both).outlook).toBe('probably')
  const without = outlookAt('keycloak', ['authorization_code'])
  expect(without.outlook).toBe('probably-not')
  expect(without.reasons.at(-1)?.text).toBe('The client does not list the refresh_token grant')
})

test('forecast: a product that requires offline_access issues nothing to a client that wants none', () => {
  expect(outlookAt('auth0', both).outlook).toBe('probably')
  expect(outlookAt('auth0', both, { wantsRefreshToken: false }).outlook).toBe('probably-not')
})

test('forecast: Google issues a refresh token for access_type, not for the scope', () => {
  expect(outlookAt('google', both).outlook).toBe('probably')
  expect(outlookAt('google', both, { wantsRefreshToken: false }).outlook).toBe('probably-not')
})

test('forecast: an unknown product and a client without the grant are left open', () => {
  expect(outlookAt('standard', both).outlook).toBe('probably')
  expect(outlookAt('standard', ['authorization_code']).outlook).toBe('unknown')
})
