import * as fc from 'fast-check'
import { drawScenario, simulate } from '@evergrant/simulation'
import { describe, expect, test } from 'vitest'
import {
  defaultSettings,
  limits,
  lists,
  readSettings,
  simulationSettings,
  situations,
  writeSettings,
} from '../../src/simulator/settings'
import type { SimulatorSettings } from '../../src/simulator/settings'

const anySettings = fc.record({
  accessTokenSeconds: fc.constantFrom(...lists.accessTokenSeconds.map(([value]) => value)),
  rotation: fc.constantFrom(...lists.rotation.map(([value]) => value)),
  reuse: fc.constantFrom(...lists.reuse.map(([value]) => value)),
  graceSeconds: fc.constantFrom(...lists.graceSeconds.map(([value]) => value)),
  refreshTokenFor: fc.constantFrom(...lists.refreshTokenFor.map(([value]) => value)),
  hours: fc.constantFrom(...lists.hours.map(([value]) => value)),
  ...(Object.fromEntries(
    Object.entries(limits).map(([name, [min, max]]) => [name, fc.integer({ min, max })]),
  ) as Record<keyof typeof limits, fc.Arbitrary<number>>),
}) satisfies fc.Arbitrary<SimulatorSettings>

describe('link of the simulator', () => {
  test('all settings come back', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        expect(readSettings(`#${writeSettings(settings)}`)).toEqual(settings)
      }),
    )
  })

  test('hostile values are limited or not taken', () => {
    expect(readSettings('#result')).toBeUndefined()
    expect(readSettings(`#simulation=1&seed=${'9'.repeat(2000)}`)).toBeUndefined()
    expect(
      readSettings(
        '#simulation=1&processes=9999&callsPerMinute=-5&hours=1000&rotation=x&seed=1e9&__proto__=1',
      ),
    ).toEqual({ ...defaultSettings, processes: 6 })
  })
})

describe('situations', () => {
  function signInsOf(id: string) {
    const situation = situations.find((one) => one.id === id)
    const scenario = drawScenario(simulationSettings(situation?.settings ?? defaultSettings))
    const signIns = (client: Parameters<typeof simulate>[0]) =>
      simulate(client, scenario).counts.signIns
    return { sdk: signIns('sdk-v2'), ours: signIns('ours') }
  }

  // The notes on the page say so.
  test('parallel calls: only the SDK loses sign-ins', () => {
    const { sdk, ours } = signInsOf('agents')
    expect(sdk).toBeGreaterThan(5)
    expect(ours).toBe(0)
  })

  test('a lost answer without a grace: no client keeps the sign-in', () => {
    const { sdk, ours } = signInsOf('lost-response')
    expect(sdk).toBeGreaterThanOrEqual(1)
    expect(ours).toBe(1)
  })

  test('lost answers with a grace: Evergrant repeats the request', () => {
    const { sdk, ours } = signInsOf('grace')
    expect(sdk).toBeGreaterThanOrEqual(1)
    expect(ours).toBe(0)
  })

  test('offline_access: without a refresh token, the user signs in at each expiry', () => {
    const { sdk, ours } = signInsOf('offline-access')
    expect(sdk).toBeGreaterThan(10)
    expect(ours).toBe(0)
  })
})
