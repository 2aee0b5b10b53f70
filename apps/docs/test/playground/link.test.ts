import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maximumLinkLength, readFragment, writeFragment } from '../../src/playground/link'
import { presets } from '../../src/playground/presets'
import { defaultInput } from '../../src/playground/typical'

test('link: an unchanged preset is its name', () => {
  for (const { id, input } of presets) {
    expect(writeFragment({ presetId: id, input })).toBe(`preset=${id}`)
    expect(readFragment(`#preset=${id}`)).toEqual({ presetId: id, input })
  }
})

test('link: every change comes back', () => {
  const change = fc.record({
    challenge: fc.string({ unit: 'grapheme' }),
    additionalScope: fc.string(),
    serverMetadata: fc.json(),
    wantsRefreshToken: fc.boolean(),
    assumePkceS256: fc.boolean(),
    prompt: fc.constantFrom('by-rule', 'consent', 'never'),
    registration: fc.constantFrom('dynamic', 'metadata-document', 'by-hand'),
    profile: fc.constantFrom('detected', 'standard', 'google'),
  })
  fc.assert(
    fc.property(change, (changed) => {
      const input = { ...defaultInput, ...changed }
      const fragment = writeFragment({ presetId: 'start', input })
      if (fragment === undefined) return
      expect(readFragment(`#${fragment}`)).toEqual({ presetId: 'start', input })
    }),
  )
})

test('link: a state that is too long is not shared', () => {
  const input = { ...defaultInput, challenge: 'x'.repeat(maximumLinkLength) }
  expect(writeFragment({ presetId: 'start', input })).toBeUndefined()
})

describe('hostile links', () => {
  test('an anchor, an unknown preset and a very long text are not a state', () => {
    expect(readFragment('#decision')).toBeUndefined()
    expect(readFragment('#preset=__proto__')).toBeUndefined()
    expect(readFragment(`#preset=start&challenge=${'x'.repeat(20_000)}`)).toBeUndefined()
  })

  test('values that a field cannot have, and unknown names, are not taken', () => {
    const hostile =
      '#preset=start&prompt=login&registration=x&profile=__proto__&wantsRefreshToken=yes&__proto__=1&toString=1'
    expect(readFragment(hostile)).toEqual({ presetId: 'start', input: defaultInput })
  })

  test('any fragment: never throws, and gives a whole state or none', () => {
    const names = [...Object.keys(defaultInput), 'constructor', '__proto__']
    const fragment = fc
      .array(fc.tuple(fc.constantFrom(...names), fc.string({ unit: 'binary' })))
      .map((pairs) => `#preset=start&${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`)
    fc.assert(
      fc.property(fragment, (text) => {
        const state = readFragment(text)
        if (state === undefined) return
        expect(Object.keys(state.input)).toEqual(Object.keys(defaultInput))
        for (const [name, value] of Object.entries(state.input)) {
          expect(typeof value).toBe(typeof defaultInput[name as keyof typeof defaultInput])
        }
      }),
    )
  })
})
