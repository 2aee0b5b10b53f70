import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { explainDecision, negotiateScope, readScope } from '../../src/index.ts'
import { providerProfiles } from '../../src/providers.ts'
import { requirements } from '../../src/requirements.ts'
import type { NegotiateScopeOptions, ScopeSources } from '../../src/index.ts'
import { scopeToken } from '../arbitraries.ts'

const scopes = fc.array(scopeToken, { maxLength: 5 })
const maybeScope = fc.option(
  scopes.map((tokens) => tokens.join(' ')),
  { nil: undefined },
)
const sourcesArbitrary: fc.Arbitrary<ScopeSources> = fc.record({
  challengeScope: maybeScope,
  protectedResource: fc.option(fc.record({ scopes_supported: scopes }), { nil: undefined }),
  authorizationServer: fc.option(fc.record({ scopes_supported: scopes }), { nil: undefined }),
  previouslyRequested: maybeScope,
  previouslyGranted: maybeScope,
  client: fc.option(
    fc.record({ grant_types: fc.subarray(['authorization_code', 'refresh_token']) }),
    { nil: undefined },
  ),
  profile: fc.constantFrom(undefined, ...providerProfiles),
})
const optionsArbitrary: fc.Arbitrary<NegotiateScopeOptions> = fc.record({
  wantsRefreshToken: fc.option(fc.boolean(), { nil: undefined }),
  additionalScope: maybeScope,
  withoutScope: fc.constantFrom(undefined, 'omit', 'offline-only'),
})

test('negotiate scope law: never drops a challenged scope', { tags: ['C-21'] }, () => {
  fc.assert(
    fc.property(sourcesArbitrary, optionsArbitrary, (sources, options) => {
      const sent = readScope(negotiateScope(sources, options).scope).tokens
      const challenged = readScope(sources.challengeScope).tokens
      expect([...sent, 'offline_access']).toEqual(expect.arrayContaining([...challenged]))
    }),
  )
})

test(
  'negotiate scope law: never requests offline_access if it is not listed',
  { tags: ['C-04'] },
  () => {
    fc.assert(
      fc.property(sourcesArbitrary, optionsArbitrary, (sources, options) => {
        const sent = readScope(negotiateScope(sources, options).scope).tokens
        const listed = sources.authorizationServer?.scopes_supported?.includes('offline_access')
        expect(listed === true || !sent.includes('offline_access')).toBe(true)
      }),
    )
  },
)

test('negotiate scope law: requests only scope that a source names', { tags: ['C-20'] }, () => {
  fc.assert(
    fc.property(sourcesArbitrary, optionsArbitrary, (sources, options) => {
      const named = [
        sources.challengeScope,
        sources.protectedResource?.scopes_supported,
        sources.previouslyRequested,
        sources.previouslyGranted,
        options.additionalScope,
        'offline_access',
      ].flatMap((scope) => readScope(scope).tokens)
      for (const token of readScope(negotiateScope(sources, options).scope).tokens) {
        expect(named).toContain(token)
      }
    }),
  )
})

test(
  'negotiate scope law: negotiating again with the result changes nothing',
  { tags: ['C-08', 'C-22'] },
  () => {
    fc.assert(
      fc.property(sourcesArbitrary, optionsArbitrary, (sources, options) => {
        const { scope } = negotiateScope(sources, options)
        expect(negotiateScope({ ...sources, previouslyRequested: scope }, options).scope).toBe(
          scope,
        )
      }),
    )
  },
)

test('negotiate scope law: keeps the order of first appearance', { tags: ['C-22'] }, () => {
  fc.assert(
    fc.property(sourcesArbitrary, optionsArbitrary, (sources, options) => {
      const sent = readScope(negotiateScope(sources, options).scope).tokens
      expect(new Set(sent).size).toBe(sent.length)
      const before = readScope(sources.previouslyRequested).tokens.filter((one) =>
        sent.includes(one),
      )
      expect(sent.slice(0, before.length)).toEqual(before)
    }),
  )
})

test(
  'negotiate scope law: every decision is explained with existing requirements',
  { tags: ['C-10'] },
  () => {
    const ids = new Set<string>(requirements.map((row) => row.id))
    fc.assert(
      fc.property(sourcesArbitrary, optionsArbitrary, (sources, options) => {
        const decision = negotiateScope(sources, options)
        expect(decision.trace.map((entry) => entry.rule)).toEqual(
          expect.arrayContaining(['base-scope', 'offline-access', 'consent-prompt']),
        )
        expect(
          decision.trace.flatMap((entry) => entry.requirements).every((id) => ids.has(id)),
        ).toBe(true)
        expect(explainDecision(decision).every((line) => !/[\n\r]/.test(line))).toBe(true)
      }),
    )
  },
)
