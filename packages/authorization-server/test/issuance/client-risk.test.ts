import { describe, expect, test } from 'vitest'
import { assessClientRisk } from '../../src/index.ts'
import type { ClientRiskFacts, ClientRiskRules } from '../../src/index.ts'

const now = 1_800_000_000

function assess(rules: ClientRiskRules, facts: Partial<ClientRiskFacts> = {}) {
  return assessClientRisk(
    {
      clientId: 'registered',
      redirectUris: ['https://client.example/callback'],
      redirectUri: 'https://client.example/callback',
      isPreregistered: false,
      knownSinceEpochSeconds: undefined,
      ...facts,
    },
    rules,
    now,
  )
}

describe('domains', () => {
  const rules: ClientRiskRules = {
    trustedDomains: ['client.example'],
    untrustedLifetimeSeconds: 60,
  }
  const untrusted = { verdict: 'shorten', maximumLifetimeSeconds: 60 }

  test.each<[string, Partial<ClientRiskFacts>]>([
    ['published there', { clientId: 'https://client.example/metadata.json', redirectUris: [] }],
    ['published at a subdomain', { clientId: 'https://a.client.example/m', redirectUris: [] }],
    ['redirected there', {}],
    ['preregistered', { redirectUris: ['https://evil.example/'], isPreregistered: true }],
  ])('client risk: trusted, %s', { tags: ['A-01'] }, (_, facts) => {
    expect(assess(rules, facts)).toEqual({ verdict: 'accept' })
  })

  test.each<[string, Partial<ClientRiskFacts>]>([
    ['published elsewhere', { clientId: 'https://evil.example/m', redirectUris: [] }],
    [
      'a domain with the same ending',
      { clientId: 'https://evilclient.example/m', redirectUris: [] },
    ],
    ['a domain in front', { clientId: 'https://client.example.evil.example/m', redirectUris: [] }],
    [
      'one redirect elsewhere',
      { redirectUris: ['https://client.example/', 'https://evil.example/'] },
    ],
    ['a redirect without TLS', { redirectUris: ['http://client.example/'] }],
    ['a redirect to the machine', { redirectUris: ['http://127.0.0.1/callback'] }],
    ['no redirect at all', { redirectUris: [] }],
    [
      'a client_id that is not a document URL',
      { clientId: 'https://client.example/', redirectUris: [] },
    ],
  ])('client risk: not trusted, %s', { tags: ['A-01'] }, (_, facts) => {
    expect(assess(rules, facts)).toMatchObject(untrusted)
  })

  test('client risk: untrusted clients get no refresh token by default', { tags: ['A-01'] }, () => {
    expect(assess({ trustedDomains: [] })).toEqual({
      verdict: 'veto',
      because: 'the client belongs to no trusted domain',
    })
    expect(assess({})).toEqual({ verdict: 'accept' })
  })
})

describe('responses to the user’s machine', () => {
  const rules: ClientRiskRules = { localRedirectLifetimeSeconds: 60 }

  test.each([
    ['http://127.0.0.1/callback', 'shorten'],
    ['http://127.0.0.1:5555/callback', 'shorten'],
    ['http://localhost:1/', 'shorten'],
    ['http://[::1]/', 'shorten'],
    ['https://localhost/callback', 'shorten'],
    ['com.example.app:/callback', 'shorten'],
    ['com.example.app://client.example/callback', 'shorten'],
    ['cursor://anysphere.cursor-retrieval/oauth/callback', 'shorten'],
    ['not a URL', 'shorten'],
    [undefined, 'shorten'],
    ['https://client.example/', 'accept'],
    ['http://127.0.0.1.evil.example/', 'accept'],
    ['https://localhost.evil.example/', 'accept'],
  ])('client risk: redirect URI %s is %s', { tags: ['A-01'] }, (redirectUri, verdict) => {
    expect(assess(rules, { redirectUri }).verdict).toBe(verdict)
  })

  test(
    'client risk: registered redirect URIs that the request does not use change nothing',
    { tags: ['A-01'] },
    () => {
      const redirectUri = 'http://127.0.0.1:5555/callback'
      for (const unused of ['https://unowned.example/', 'com.example.app:/callback']) {
        const redirectUris = ['http://127.0.0.1/callback', unused]
        expect(assess(rules, { redirectUris, redirectUri }).verdict).toBe('shorten')
      }
    },
  )
})

describe('new clients', () => {
  test.each([
    [undefined, 'shorten'],
    [now, 'shorten'],
    [now - 99, 'shorten'],
    [now - 100, 'accept'],
    // A clock that was set back makes no client known.
    [now + 50, 'shorten'],
  ])('client risk: known since %s is %s', { tags: ['A-01'] }, (knownSinceEpochSeconds, verdict) => {
    const rules = { newClientLifetimeSeconds: 60, newClientSeconds: 100 }
    expect(assess(rules, { knownSinceEpochSeconds }).verdict).toBe(verdict)
  })
})

test('client risk: the strictest rule wins', { tags: ['A-01', 'A-07'] }, () => {
  const redirectUri = 'http://127.0.0.1/callback'
  const facts = { redirectUris: [redirectUri], redirectUri }
  const rules = {
    trustedDomains: [],
    untrustedLifetimeSeconds: 300,
    localRedirectLifetimeSeconds: 60,
    newClientLifetimeSeconds: 120,
  }
  expect(assess(rules, facts)).toEqual({
    verdict: 'shorten',
    maximumLifetimeSeconds: 60,
    because: 'any program on the user’s machine can pose as the client',
  })
  expect(assess({ ...rules, newClientLifetimeSeconds: 0 }, facts)).toEqual({
    verdict: 'veto',
    because: 'the client is new here',
  })
})

test.each([Number.NaN, -1, 0.5])(
  'client risk: %s is not a lifetime',
  { tags: ['A-01'] },
  (seconds) => {
    expect(() => assess({ newClientLifetimeSeconds: seconds })).toThrow(
      expect.objectContaining({ code: 'LIFETIME_INVALID' }),
    )
  },
)
