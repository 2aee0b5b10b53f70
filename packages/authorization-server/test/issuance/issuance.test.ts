import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  authorizationServerScopes,
  decideRefreshIssuance,
  defaultRefreshIssuancePolicy,
  refreshIssuancePresets,
} from '../../src/index.ts'
import type {
  RefreshIssuancePreset,
  RefreshIssuanceReason,
  RefreshIssuanceRequest,
  RefreshIssuanceRule,
} from '../../src/index.ts'
import { grantTypeIsOptional, offlineAccessHasEffect } from '../../src/issuance/issuance.ts'

function request(overrides: Partial<RefreshIssuanceRequest> = {}): RefreshIssuanceRequest {
  return {
    clientGrantTypes: ['authorization_code'],
    responseType: 'code',
    requestedScopes: ['mcp:read'],
    consentedScopes: ['mcp:read'],
    ...overrides,
  }
}

const declared = { clientGrantTypes: ['authorization_code', 'refresh_token'] }
const asked = { requestedScopes: ['mcp:read', 'offline_access'] }
const consented = { ...asked, consentedScopes: ['mcp:read', 'offline_access'] }

describe('presets', () => {
  const table: readonly [
    RefreshIssuancePreset,
    string,
    Partial<RefreshIssuanceRequest>,
    RefreshIssuanceReason,
  ][] = [
    ['oauth21', 'nothing', {}, 'grant-type-not-declared'],
    ['oauth21', 'the grant type', declared, 'grant-type-declared'],
    ['oauth21', 'offline_access alone', consented, 'grant-type-not-declared'],
    ['oidc', 'nothing', {}, 'grant-type-not-declared'],
    ['oidc', 'the grant type', declared, 'offline-access-not-requested'],
    ['oidc', 'offline_access alone', consented, 'grant-type-not-declared'],
    ['oidc', 'both, consent refused', { ...declared, ...asked }, 'offline-access-not-consented'],
    ['oidc', 'both', { ...declared, ...consented }, 'offline-access-consented'],
    ['either', 'nothing', {}, 'no-signal'],
    ['either', 'the grant type', declared, 'grant-type-declared'],
    ['either', 'offline_access alone', consented, 'offline-access-consented'],
    ['either', 'offline_access alone, consent refused', asked, 'no-signal'],
    ['never', 'both', { ...declared, ...consented }, 'server-never-issues'],
  ]
  test.each(table)(
    'issuance: %s with %s',
    { tags: ['A-01', 'A-02', 'A-04'] },
    (policy, _, facts, reason) => {
      const decision = decideRefreshIssuance(request(facts), { policy })
      expect(decision.reason).toBe(reason)
      expect(decision.issue).toBe(
        reason === 'grant-type-declared' || reason === 'offline-access-consented',
      )
      expect(decision.explanation).toMatch(/^The |^This /)
    },
  )

  test(
    'issuance: a response type without a code brings no refresh token, whatever was granted',
    { tags: ['A-04'] },
    () => {
      for (const policy of ['oauth21', 'oidc', 'either'] as const) {
        const facts = { ...declared, ...consented, responseType: 'id_token' }
        expect(decideRefreshIssuance(request(facts), { policy })).toMatchObject({
          issue: false,
          reason: 'response-without-code',
        })
      }
    },
  )

  test.each<[string, Partial<RefreshIssuanceRequest>, RefreshIssuanceReason]>([
    [
      'declares the grant and was granted offline_access',
      { ...declared, ...consented },
      'offline-access-consented',
    ],
    ['was granted offline_access, without the grant', consented, 'grant-type-not-declared'],
    ['declares the grant only', declared, 'offline-access-not-requested'],
    [
      'declares the grant, and consent was refused',
      { ...declared, ...asked },
      'offline-access-not-consented',
    ],
  ])(
    'issuance: by default, for a client that %s',
    { tags: ['A-01', 'A-02'] },
    (_case, facts, reason) => {
      const decision = decideRefreshIssuance(request(facts))
      expect(decision).toEqual(
        decideRefreshIssuance(request(facts), { policy: defaultRefreshIssuancePolicy }),
      )
      expect(decision).toMatchObject({ issue: reason === 'offline-access-consented', reason })
    },
  )

  test(
    'issuance: only the lenient preset makes the grant type optional',
    { tags: ['A-02'] },
    () => {
      expect(refreshIssuancePresets.filter((policy) => grantTypeIsOptional(policy))).toEqual([
        'either',
      ])
    },
  )

  test('issuance: no preset issues without a signal', { tags: ['A-02'] }, () => {
    for (const policy of refreshIssuancePresets) {
      expect(decideRefreshIssuance(request(), { policy }).issue).toBe(false)
    }
  })
})

describe('risk', () => {
  test('issuance: a risk veto wins, and its reason is passed on', { tags: ['A-01'] }, () => {
    const risk = { verdict: 'veto', because: 'domain is not on the list' } as const
    expect(decideRefreshIssuance(request({ ...declared, risk }), { policy: 'oauth21' })).toEqual({
      issue: false,
      reason: 'risk-veto',
      explanation: 'The risk assessment of this server refused it.',
      riskReason: 'domain is not on the list',
    })
  })

  test(
    'issuance: a shortened lifetime is passed on with the refresh token',
    { tags: ['A-01'] },
    () => {
      const risk = {
        verdict: 'shorten',
        maximumLifetimeSeconds: 60,
        because: 'first seen',
      } as const
      expect(decideRefreshIssuance(request({ ...declared, ...consented, risk }))).toMatchObject({
        issue: true,
        reason: 'offline-access-consented',
        maximumLifetimeSeconds: 60,
        riskReason: 'first seen',
      })
    },
  )

  test.each([Number.NaN, 0, -1, 0.5, Number.POSITIVE_INFINITY])(
    'issuance: a lifetime shortened to %s seconds is an error',
    { tags: ['A-01', 'A-07'] },
    (maximumLifetimeSeconds) => {
      const risk = { verdict: 'shorten', maximumLifetimeSeconds, because: 'first seen' } as const
      expect(() => decideRefreshIssuance(request({ ...declared, ...consented, risk }))).toThrow(
        expect.objectContaining({ code: 'LIFETIME_INVALID' }),
      )
    },
  )

  test(
    'issuance: a risk assessment never turns a refusal into an issuance',
    { tags: ['A-01'] },
    () => {
      const risk = { verdict: 'accept' } as const
      expect(decideRefreshIssuance(request({ risk }), { policy: 'oidc' }).issue).toBe(false)
    },
  )
})

describe('what metadata advertises', () => {
  const scopes = fc.subarray(['openid', 'mcp:read', 'mcp:write', 'offline_access'])
  const preset = fc.constantFrom(...refreshIssuancePresets)
  const grantTypes = fc.subarray(['authorization_code', 'refresh_token'])

  test(
    'metadata: offline_access is listed exactly when requesting it can change a decision',
    { tags: ['A-03'] },
    () => {
      for (const one of refreshIssuancePresets) {
        const changes = [['authorization_code'], ['authorization_code', 'refresh_token']].some(
          (clientGrantTypes) =>
            decideRefreshIssuance(request({ clientGrantTypes }), { policy: one }).issue !==
            decideRefreshIssuance(request({ clientGrantTypes, ...consented }), { policy: one })
              .issue,
        )
        expect(offlineAccessHasEffect(one)).toBe(changes)
      }
    },
  )

  test(
    'metadata: the scope list keeps its order, has no duplicates and is stable',
    { tags: ['A-03'] },
    () => {
      fc.assert(
        fc.property(scopes, preset, (list, one) => {
          const advertised = authorizationServerScopes(list, one)
          expect(advertised.includes('offline_access')).toBe(offlineAccessHasEffect(one))
          expect(new Set(advertised).size).toBe(advertised.length)
          expect(authorizationServerScopes(advertised, one)).toEqual(advertised)
          const others = list.filter((scope) => scope !== 'offline_access')
          expect(advertised.filter((scope) => scope !== 'offline_access')).toEqual(others)
        }),
      )
    },
  )

  test(
    'issuance: consenting to fewer scopes never gains a refresh token',
    { tags: ['A-04'] },
    () => {
      fc.assert(
        fc.property(scopes, scopes, preset, grantTypes, (requested, granted, one, declares) => {
          const facts = { clientGrantTypes: declares, requestedScopes: requested }
          const less = granted.filter((scope) => scope !== 'offline_access')
          const withLess = decideRefreshIssuance(request({ ...facts, consentedScopes: less }), {
            policy: one,
          })
          const withAll = decideRefreshIssuance(request({ ...facts, consentedScopes: granted }), {
            policy: one,
          })
          expect(withLess.issue && !withAll.issue).toBe(false)
        }),
      )
    },
  )
})

describe('a rule in place of a preset', () => {
  const rule: RefreshIssuanceRule = {
    decide: ({ clientGrantTypes }) => ({
      issue: clientGrantTypes.length === 1,
      reason: 'one-grant-type',
      explanation: 'This server issues to clients with one grant type.',
    }),
    offlineAccessHasEffect: false,
    grantTypeIsOptional: true,
  }

  test('issuance: a rule decides instead of a preset', { tags: ['A-01'] }, () => {
    expect(decideRefreshIssuance(request(), { policy: rule })).toEqual({
      issue: true,
      reason: 'one-grant-type',
      explanation: 'This server issues to clients with one grant type.',
    })
    expect(decideRefreshIssuance(request(declared), { policy: rule }).issue).toBe(false)
    expect(authorizationServerScopes(['a', 'offline_access'], rule)).toEqual(['a'])
  })

  test('issuance: a rule cannot override a risk veto or a missing code', { tags: ['A-04'] }, () => {
    const risk = { verdict: 'veto', because: 'first seen' } as const
    expect(decideRefreshIssuance(request({ risk }), { policy: rule }).reason).toBe('risk-veto')
    const facts = request({ responseType: 'id_token' })
    expect(decideRefreshIssuance(facts, { policy: rule }).reason).toBe('response-without-code')
  })
})
