import { expect, test } from 'vitest'
import { negotiateScope } from '../../src/index.ts'
import {
  applyProviderProfile,
  providerProfiles,
  selectProviderProfile,
  standardProfile,
} from '../../src/providers.ts'

test.each([
  ['https://accounts.google.com', 'google'],
  ['https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0', 'entra-id'],
  ['https://acme.eu.auth0.com/', 'auth0'],
  ['https://acme.okta.com/oauth2/default', 'okta'],
  ['https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12', 'cognito'],
  ['https://acme.logto.app/oidc', 'logto'],
  ['https://github.com/login/oauth', 'github'],
  ['https://sso.test/realms/mcp', 'keycloak'],
  ['https://sso.test/realms/mcp/extra', 'standard'],
  ['https://acme.projects.oryapis.com', 'ory-hydra'],
  ['https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0/', 'standard'],
  ['https://login.microsoftonline.com.evil.test/common/v2.0', 'standard'],
  ['https://auth.test', 'standard'],
  ['https://accounts.google.com.evil.test', 'standard'],
  ['https://evil.test/.auth0.com/', 'standard'],
  ['https://evil.test#.auth0.com/', 'standard'],
  ['https://evil@x.auth0.com/', 'standard'],
])('profile: of %s is %s', (issuer, id) => {
  expect(selectProviderProfile(issuer).id).toBe(id)
})

test('profile: profiles of the caller take precedence', () => {
  const mine = { ...standardProfile, id: 'mine', issuers: ['https://accounts.google.com'] }
  expect(selectProviderProfile('https://accounts.google.com', { profiles: [mine] }).id).toBe('mine')
})

test(
  'profile: resource is sent, unless a profile leaves it out with a warning',
  { tags: ['C-34'] },
  () => {
    const resource = 'https://mcp.test/mcp'
    expect(applyProviderProfile(standardProfile, resource)).toEqual({
      resource,
      authorizationParameters: {},
      warnings: [],
    })
    const entra = selectProviderProfile('https://login.microsoftonline.com/common/v2.0')
    const applied = applyProviderProfile(entra, resource)
    expect(applied.resource).toBeUndefined()
    expect(applied.warnings).toHaveLength(1)
    expect(
      applyProviderProfile(selectProviderProfile('https://a.auth0.com/'), resource),
    ).toMatchObject({ resource, authorizationParameters: { audience: resource } })
  },
)

test('profile: Google’s parameter is sent only for a refresh token', { tags: ['C-02'] }, () => {
  const google = selectProviderProfile('https://accounts.google.com')
  expect(applyProviderProfile(google, 'https://mcp.test').authorizationParameters).toEqual({
    access_type: 'offline',
  })
  expect(
    applyProviderProfile(google, 'https://mcp.test', { wantsRefreshToken: false })
      .authorizationParameters,
  ).toEqual({})
})

test('profile: no profile sets a security parameter', () => {
  const guarded = [
    'code_challenge',
    'code_challenge_method',
    'state',
    'redirect_uri',
    'client_id',
    'scope',
    'response_type',
  ]
  for (const profile of providerProfiles) {
    for (const name of Object.keys(profile.refreshTokenParameters)) {
      expect(guarded).not.toContain(name)
    }
  }
})

const entra = selectProviderProfile(
  'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0',
)

test(
  'profile: Entra ID gets offline_access without prompt=consent, which blocks tenants where only administrators may consent',
  { tags: ['C-07'] },
  () => {
    const decision = negotiateScope({
      challengeScope: 'api://notes/read',
      authorizationServer: {
        scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
        subject_types_supported: ['pairwise'],
      },
      profile: entra,
    })
    expect(decision.scope).toBe('api://notes/read offline_access')
    expect(decision.prompt).toMatchObject({ prompt: undefined, reason: 'not-needed-by-profile' })
  },
)

test(
  'profile: Entra ID repeats the scope on refresh and is known to support S256',
  { tags: ['C-03', 'C-33'] },
  () => {
    expect(entra).toMatchObject({ refreshScope: 'granted', pkceS256: 'known' })
  },
)

test(
  'profile: only products with a source for it are known to support S256 without listing it',
  { tags: ['C-33'] },
  () => {
    const known = providerProfiles.filter((profile) => profile.pkceS256 === 'known')
    // docs/providers/data/entra-id.ts has the source.
    expect(known.map((profile) => profile.id)).toEqual(['entra-id'])
  },
)

test('profile: IDs are unique, so that a profile can be chosen by its ID', () => {
  const ids = providerProfiles.map((profile) => profile.id)
  expect(new Set(ids).size).toBe(ids.length)
})
