import { expect, test } from 'vitest'
import { negotiateScope } from '../../src/index.ts'
import { providerProfiles, standardProfile } from '../../src/providers.ts'
import type { NegotiateScopeOptions, ScopeSources } from '../../src/index.ts'

const lists = { scopes_supported: ['offline_access'] }
const provider = { scopes_supported: ['openid', 'offline_access'] }
const silent = { scopes_supported: ['files:read'] }

test.each<[string, ScopeSources, string | undefined, string]>([
  [
    'the scope of the challenge first',
    { challengeScope: 'files:read', protectedResource: { scopes_supported: ['a', 'b'] } },
    'files:read',
    'challenge',
  ],
  [
    'all scopes of the resource metadata second',
    { protectedResource: { scopes_supported: ['a', 'b'] } },
    'a b',
    'protected-resource-metadata',
  ],
  [
    'the metadata if the challenge is empty',
    { challengeScope: ' ', protectedResource: { scopes_supported: ['a'] } },
    'a',
    'protected-resource-metadata',
  ],
  ['no parameter without any scope', {}, undefined, 'none'],
  [
    'no parameter with an empty list',
    { protectedResource: { scopes_supported: [] } },
    undefined,
    'none',
  ],
])('negotiate scope: uses %s', { tags: ['C-20'] }, (_, sources, scope, source) => {
  expect(negotiateScope(sources)).toMatchObject({ scope, source })
})

test(
  'negotiate scope: assumes no relation between the challenge and scopes_supported',
  { tags: ['C-21'] },
  () => {
    const decision = negotiateScope({
      challengeScope: 'unheard:of',
      protectedResource: { scopes_supported: ['files:read'] },
      authorizationServer: silent,
    })
    expect(decision.scope).toBe('unheard:of')
  },
)

test(
  'negotiate scope: adds offline_access if the authorization server lists it',
  { tags: ['C-02'] },
  () => {
    expect(negotiateScope({ challengeScope: 'b a', authorizationServer: lists })).toMatchObject({
      scope: 'b a offline_access',
      offlineAccess: 'added',
    })
  },
)

test.each<[string, ScopeSources, string]>([
  ['no metadata lists it', { challengeScope: 'a', authorizationServer: silent }, 'not-advertised'],
  ['nothing is known', { challengeScope: 'a' }, 'not-advertised'],
  [
    'the server lists no scopes',
    { challengeScope: 'a', authorizationServer: {} },
    'not-advertised',
  ],
  [
    'only the challenge names it',
    { challengeScope: 'a offline_access', authorizationServer: silent },
    'dropped',
  ],
  [
    'only the resource metadata lists it',
    {
      protectedResource: { scopes_supported: ['offline_access', 'a'] },
      authorizationServer: silent,
    },
    'dropped',
  ],
  [
    'it was requested before, from a server that no longer lists it',
    { challengeScope: 'a', previouslyRequested: 'a offline_access', authorizationServer: silent },
    'dropped',
  ],
])(
  'negotiate scope: does not request offline_access if %s',
  { tags: ['C-04'] },
  (_, sources, outcome) => {
    expect(negotiateScope(sources)).toMatchObject({ scope: 'a', offlineAccess: outcome })
  },
)

test(
  'negotiate scope: reports a resource server that names offline_access',
  { tags: ['C-04', 'S-01', 'S-02'] },
  () => {
    const decision = negotiateScope({
      challengeScope: 'a offline_access',
      protectedResource: { scopes_supported: ['offline_access'] },
      authorizationServer: lists,
    })
    expect(decision.scope).toBe('a offline_access')
    expect(decision.offlineAccess).toBe('added')
    expect(decision.warnings.map((warning) => warning.requirement)).toEqual(['S-01', 'S-02'])
  },
)

test(
  'negotiate scope: does not request offline_access if the client wants no refresh token',
  { tags: ['C-01', 'C-02'] },
  () => {
    const sources = { challengeScope: 'a', authorizationServer: lists }
    expect(negotiateScope(sources, { wantsRefreshToken: false })).toMatchObject({
      scope: 'a',
      offlineAccess: 'not-wanted',
    })
    const undeclared = negotiateScope({
      ...sources,
      client: { grant_types: ['authorization_code'] },
    })
    expect(undeclared).toMatchObject({ scope: 'a', offlineAccess: 'not-wanted' })
    expect(undeclared.trace.flatMap((entry) => entry.requirements)).toContain('C-01')
  },
)

test(
  'step-up: requests the union of scopes, and offline_access survives',
  { tags: ['C-08', 'C-22'] },
  () => {
    expect(
      negotiateScope({
        challengeScope: 'files:write',
        previouslyRequested: 'files:read offline_access',
        previouslyGranted: 'files:read',
        authorizationServer: lists,
      }),
    ).toMatchObject({
      scope: 'files:read offline_access files:write',
      offlineAccess: 'already-present',
    })
  },
)

test('step-up: keeps the granted scope after a request without scope', { tags: ['C-22'] }, () => {
  expect(
    negotiateScope({
      challengeScope: 'write',
      previouslyGranted: 'read',
      authorizationServer: lists,
    }).scope,
  ).toBe('read write offline_access')
})

test(
  'step-up: keeps the granted scope after a request for offline_access alone',
  { tags: ['C-08', 'C-22'] },
  () => {
    const sources: ScopeSources = {
      challengeScope: 'write',
      previouslyRequested: 'offline_access',
      previouslyGranted: 'read',
    }
    expect(negotiateScope({ ...sources, authorizationServer: lists }).scope).toBe(
      'offline_access read write',
    )
    expect(negotiateScope(sources).scope).toBe('read write')
  },
)

test(
  'negotiate scope: without a named scope, offline_access is requested only by option',
  { tags: ['C-09'] },
  () => {
    expect(negotiateScope({ authorizationServer: lists })).toMatchObject({
      scope: undefined,
      offlineAccess: 'withheld-without-scope',
    })
    expect(
      negotiateScope({ authorizationServer: lists }, { withoutScope: 'offline-only' }),
    ).toMatchObject({ scope: 'offline_access', offlineAccess: 'added' })
  },
)

test.each<[string, ScopeSources, NegotiateScopeOptions, string | undefined, string]>([
  [
    'an OpenID Provider',
    { authorizationServer: provider },
    {},
    'consent',
    'offline-access-from-openid-provider',
  ],
  ['a plain server', { authorizationServer: lists }, {}, undefined, 'not-an-openid-provider'],
  ['no offline_access', { authorizationServer: silent }, {}, undefined, 'no-offline-access'],
  [
    'the option never',
    { authorizationServer: provider },
    { prompt: 'never' },
    undefined,
    'by-option',
  ],
  [
    'the option consent',
    { authorizationServer: silent },
    { prompt: 'consent' },
    'consent',
    'by-option',
  ],
  [
    'a profile that does not require it',
    { authorizationServer: provider, profile: { ...standardProfile, promptConsent: 'not-needed' } },
    {},
    undefined,
    'not-needed-by-profile',
  ],
  [
    'a step-up whose grant has a refresh token',
    { authorizationServer: provider, previouslyRequested: 'a offline_access' },
    { refreshTokenHeld: true },
    'consent',
    'offline-access-from-openid-provider',
  ],
  [
    'a step-up after consent without a refresh token',
    { authorizationServer: provider, previouslyRequested: 'a offline_access' },
    { refreshTokenHeld: false },
    undefined,
    'nothing-to-gain',
  ],
  [
    'a provider that does not support the value',
    { authorizationServer: { ...provider, prompt_values_supported: ['login'] } },
    {},
    undefined,
    'not-supported',
  ],
])('consent prompt: %s', { tags: ['C-07'] }, (_, sources, options, prompt, reason) => {
  const decision = negotiateScope({ challengeScope: 'a', ...sources }, options)
  expect(decision.prompt).toMatchObject({ prompt, reason })
})

test(
  'negotiate scope: profiles decide about offline_access and prompt=consent',
  { tags: ['C-04', 'C-07'] },
  () => {
    const google = providerProfiles.find((profile) => profile.id === 'google')
    const decision = negotiateScope({
      challengeScope: 'mail',
      authorizationServer: provider,
      profile: google,
    })
    expect(decision).toMatchObject({
      scope: 'mail',
      offlineAccess: 'withheld-by-profile',
      prompt: { prompt: 'consent', reason: 'required-by-profile' },
    })
    expect(
      negotiateScope({ challengeScope: 'mail', profile: google }, { wantsRefreshToken: false })
        .prompt.prompt,
    ).toBeUndefined()
    expect(negotiateScope({ profile: google }).warnings).toEqual([
      expect.objectContaining({ code: 'scope-required-by-server' }),
    ])
  },
)

test('negotiate scope: an invalid scope token is left out and reported', { tags: ['C-10'] }, () => {
  const decision = negotiateScope({ challengeScope: 'a "b" c' })
  expect(decision.scope).toBe('a c')
  expect(decision.warnings).toEqual([expect.objectContaining({ code: 'not-a-scope-token' })])
})
