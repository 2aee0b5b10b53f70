import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { libraryReasons, providers } from '../../../docs/providers/data/index.ts'
import type { Fact, ProfileReasons, Provider } from '../../../docs/providers/data/provider.ts'
import { factsOf } from '../../../packages/doctor/src/forecast/product-facts.ts'
import { providerProfiles, standardProfile } from '../../../packages/core/src/providers.ts'
import { questions } from '../../../scripts/provider-pages/behavior-sentences.ts'
import { doctorRulesOf } from '../../../scripts/provider-pages/doctor-rules.ts'
import {
  isFact,
  ofNote,
  ofReason,
  openQuestions,
  productOf,
} from '../../../scripts/provider-pages/product.ts'

const folder = path.resolve(import.meta.dirname, '..', '..', '..', 'docs', 'providers')
const forecastMembers = [
  'refreshTokenFor',
  'rotation',
  'reuse',
  'graceSeconds',
  'idleSeconds',
  'absoluteSeconds',
  'accessTokenSeconds',
] as const
const all = providers.map((provider) => [provider.id, provider] as const)

function everyFactOf(provider: Provider): readonly Fact[] {
  const { switchOn, comesBack, lasts, ends, traps } = provider
  const answers = [provider.answers, provider.conditions, provider.withOfflineAccess].flatMap(
    (one) => Object.values(one ?? {}).map(({ fact }) => fact),
  )
  const reasons = Object.values(provider.profileReasons ?? {})
  return [
    ...switchOn,
    ...comesBack,
    ...lasts,
    ...ends,
    ...traps,
    ...[...answers, ...reasons].filter(isFact),
  ]
}

test.each(all)(
  'provider data: every fact of %s has a status, a source and a date',
  (_, provider) => {
    for (const { text, status, source } of everyFactOf(provider)) {
      expect(text).toMatch(/^(?:[A-Z*`[]|MCP).*\.$/s)
      expect(status).toMatch(/^(?:measured|documented|inferred)$/)
      expect(source.title.length).toBeGreaterThan(3)
      expect(new URL(source.url).protocol).toBe('https:')
      expect(source.readOn).toMatch(/^20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/)
      expect(Date.parse(source.readOn)).toBeLessThanOrEqual(Date.now())
    }
  },
)

test('provider data: issues, answers of users and pages of others count as inferred', () => {
  const others =
    /\/(?:issues|pull|discussions|wiki)\/|\/answers\/|\/\/(?:forum|community|gist)\.|\/\/(?:raw\.githubusercontent|qiita|zuplo|xmcp|gofastmcp|glama|phasetwo|tangled|docs\.gitguardian|pulumi|docs\.rs|schemas\.apis)\b/
  const secondHand = providers.flatMap(everyFactOf).filter(({ source }) => others.test(source.url))
  expect(secondHand).not.toEqual([])
  expect(secondHand.filter(({ status }) => status !== 'inferred')).toEqual([])
})

test.each(all)('provider data: no fact of %s stands in two places', (_, provider) => {
  const product = productOf(provider)
  const texts = [
    ...everyFactOf(provider).map(({ text }) => text),
    ...product.server.notes.map((note) => ofNote(note).text),
  ]
  expect(texts.toSorted()).toEqual([...new Set(texts)].toSorted())
  // The emulation has the answer then.
  const answered = Object.keys(provider.answers ?? {})
  expect(answered.filter((name) => Object.keys(product.server.behaviors).includes(name))).toEqual(
    [],
  )
  // A condition stands in place of a behavior of the emulation.
  const conditions = Object.keys(provider.conditions ?? {})
  const behaviors = Object.keys(product.server.behaviors)
  expect(conditions.filter((name) => !behaviors.includes(name))).toEqual([])
  for (const { fact } of Object.values(provider.answers ?? {})) {
    expect(ofReason(product, fact).text).not.toBe('')
  }
})

const reasons: Readonly<Record<string, ProfileReasons | undefined>> = {
  ...Object.fromEntries(providers.map(({ profile, profileReasons }) => [profile, profileReasons])),
  ...Object.fromEntries(Object.entries(libraryReasons).map(([id, { reasons: own }]) => [id, own])),
}

test.each(providerProfiles.map((profile) => [profile.id, profile] as const))(
  'provider data: the profile %s has a fact for every member in which it differs from the standards',
  (id, profile) => {
    const differing = Object.entries(profile)
      .filter(([name]) => !['id', 'name', 'issuers'].includes(name))
      .filter(
        ([name, value]) =>
          JSON.stringify(value) !== JSON.stringify(Reflect.get(standardProfile, name)),
      )
      .map(([name]) => name)
    expect(Object.keys(reasons[id] ?? {}).toSorted()).toEqual(differing.toSorted())
  },
)

test.each(all)('provider data: %s says what to switch on, and what is unknown', (id, provider) => {
  const page = readFileSync(path.join(folder, `${id}.md`), 'utf8')
  expect(provider.switchOn.length).toBeGreaterThan(0)
  for (const question of openQuestions(productOf(provider))) {
    expect(page).toContain(`\n- ${questions[question]}\n`)
  }
  for (const reason of Object.values(provider.profileReasons ?? {})) {
    expect(page).toContain(ofReason(productOf(provider), reason).text)
  }
})

/** The doctor's words for what the emulation says. It has a copy of some facts, which it publishes. */
const forecastWords: Readonly<Record<string, string>> = {
  'new-token': 'rotates',
  'same-token': 'keeps',
  'no-token': 'keeps',
  'access-type-offline': 'access-type',
}

test.each(all)(
  'provider data: the forecast of the doctor agrees with the data of %s',
  (id, provider) => {
    const known = factsOf(provider.exampleIssuer, provider.profile ?? '', false)
    if (known === undefined) return
    // The report links to this page.
    expect(known.id).toBe(id)
    const { behaviors } = productOf(provider).server
    for (const name of forecastMembers) {
      const [said, data] = [known[name], behaviors[name]]
      if (said === undefined || data === undefined) continue
      expect({ name, value: said.value, status: said.status }).toEqual({
        name,
        value: forecastWords[data.value] ?? data.value,
        status: data.status,
      })
    }
  },
)

test('provider data: every product has a page, and every page has data', () => {
  const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'index.md')
  expect(pages.toSorted()).toEqual(providers.map(({ id }) => `${id}.md`).toSorted())
})

test('provider pages: no finding about registration where the metadata lists the endpoint', () => {
  const listing = providers
    .map(productOf)
    .filter(({ server }) => server.behaviors.registration?.value === 'listed-and-refused')
  expect(listing).not.toEqual([])
  // The rule of the doctor reads the metadata, and registers no client.
  expect(
    listing.filter((product) => doctorRulesOf(product).includes('no-automatic-registration')),
  ).toEqual([])
})
