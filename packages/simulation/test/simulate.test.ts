import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClientId, Fault, ServerRules, Settings } from '../src/index.ts'
import { defaultTiming, drawScenario, simulate } from '../src/index.ts'

const clients: readonly ClientId[] = ['sdk-v1', 'sdk-v2', 'ours']
const strict: ServerRules = {
  accessTokenSeconds: 3600,
  refreshTokenFor: 'always',
  rotation: 'rotates',
  reuse: 'family-revoked',
  graceSeconds: 0,
}
const day: Settings = {
  server: strict,
  processes: 2,
  callsPerMinute: 6,
  callsAtOnce: 2,
  durationSeconds: 86_400,
  lostResponses: 0,
  kills: 0,
  sleeps: 0,
  sleepSeconds: 28_800,
  outages: 0,
  outageSeconds: 600,
  restarts: 0,
  seed: 1,
}

function run(client: ClientId, changes: Partial<Settings> = {}) {
  return simulate(client, drawScenario({ ...day, ...changes }))
}

/** One process that calls at these times. */
function callsAt(client: ClientId, server: ServerRules, times: readonly number[]) {
  return simulate(client, {
    server,
    processes: 1,
    durationSeconds: (times.at(-1) ?? 0) + 600,
    calls: times.map((atSeconds) => ({ atSeconds, process: 0 })),
    faults: [],
    callsAtOnce: 1,
    timing: defaultTiming,
    seed: 1,
  }).counts
}

const anySettings: fc.Arbitrary<Settings> = fc.record({
  server: fc.record({
    accessTokenSeconds: fc.integer({ min: 60, max: 7200 }),
    refreshTokenFor: fc.constantFrom('always', 'grant-type', 'offline-access', 'nothing'),
    rotation: fc.constantFrom('rotates', 'keeps'),
    reuse: fc.constantFrom('family-revoked', 'refused', 'accepted'),
    graceSeconds: fc.integer({ min: 0, max: 120 }),
  }),
  processes: fc.integer({ min: 1, max: 4 }),
  callsPerMinute: fc.integer({ min: 0, max: 30 }),
  callsAtOnce: fc.integer({ min: 1, max: 4 }),
  durationSeconds: fc.constant(21_600),
  lostResponses: fc.integer({ min: 0, max: 3 }),
  kills: fc.integer({ min: 0, max: 3 }),
  sleeps: fc.integer({ min: 0, max: 2 }),
  sleepSeconds: fc.integer({ min: 60, max: 7200 }),
  outages: fc.integer({ min: 0, max: 2 }),
  outageSeconds: fc.integer({ min: 1, max: 1800 }),
  restarts: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer(),
})

describe('laws of the simulation', () => {
  test.each(clients)('%s: the same settings give the same run', (client) => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const again = simulate(client, drawScenario(settings))
        expect(simulate(client, drawScenario(settings))).toEqual(again)
      }),
      { numRuns: 20 },
    )
  })

  test.each(clients)('%s: events are in order, and agree with the counts', (client) => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const { events, counts, grants } = simulate(client, drawScenario(settings))
        const times = events.map(({ atSeconds }) => atSeconds)
        expect(times).toEqual(times.toSorted((one, other) => one - other))
        expect(counts.refusedRefreshes).toBeLessThanOrEqual(counts.refreshes)
        expect(counts.signIns).toBeLessThanOrEqual(counts.pages)
        expect(grants).toHaveLength(counts.signIns + 1)
      }),
      { numRuns: 50 },
    )
  })

  test('ours: no refresh is refused and no sign-in is lost at a server that accepts reuse', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const forgiving: Settings = {
          ...settings,
          server: { ...settings.server, refreshTokenFor: 'always', reuse: 'accepted' },
        }
        const { counts } = simulate('ours', drawScenario(forgiving))
        expect(counts.refusedRefreshes).toBe(0)
        expect(counts.signIns).toBe(0)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a day', () => {
  test('parallel calls: the SDKs lose grants, Evergrant refreshes once for each expiry', () => {
    expect(run('sdk-v2').counts.signIns).toBeGreaterThan(0)
    const { counts } = run('ours')
    expect(counts).toMatchObject({ refusedRefreshes: 0, signIns: 0, failedCalls: 0 })
    // The last of the 300 seconds before an expiry, at the earliest.
    expect(counts.refreshes).toBeLessThanOrEqual(86_400 / 3300)
  })

  test('one call at a time: nothing is lost with an SDK either', () => {
    expect(run('sdk-v2', { processes: 1, callsAtOnce: 1, callsPerMinute: 1 }).counts).toMatchObject(
      {
        refusedRefreshes: 0,
        signIns: 0,
      },
    )
  })

  test('an outage before the expiry: Evergrant refreshes ahead, so no call fails', () => {
    const at = (fault: Fault): number =>
      simulate('ours', { ...drawScenario(day), faults: [fault] }).counts.failedCalls
    expect(at({ kind: 'outage', atSeconds: 3300, forSeconds: 60 })).toBe(0)
  })

  test('sleep: all processes wake up to an expired token', () => {
    const sleep: Fault = { kind: 'sleep', atSeconds: 1000, forSeconds: 28_800 }
    const scenario = { ...drawScenario({ ...day, durationSeconds: 30_000 }), faults: [sleep] }
    expect(simulate('sdk-v1', scenario).counts.reuseDetections).toBeGreaterThan(0)
    expect(simulate('ours', scenario).counts).toMatchObject({ refreshes: 1, signIns: 0 })
  })

  test('another seed: the calls come at other times', () => {
    expect(run('sdk-v2', { seed: 2 }).events).not.toEqual(run('sdk-v2').events)
  })
})

describe('what a server issues a refresh token for', () => {
  const atEachExpiry = [3700, 7500]

  test('grant-type: SDK 1.x gets none, and the user signs in at each expiry', () => {
    const server: ServerRules = { ...strict, refreshTokenFor: 'grant-type' }
    expect(callsAt('sdk-v1', server, atEachExpiry)).toMatchObject({ refreshes: 0, signIns: 2 })
    expect(callsAt('sdk-v2', server, atEachExpiry)).toMatchObject({ refreshes: 2, signIns: 0 })
  })

  test('offline-access: neither SDK gets one by default', () => {
    const server: ServerRules = { ...strict, refreshTokenFor: 'offline-access' }
    expect(callsAt('sdk-v2', server, atEachExpiry)).toMatchObject({ refreshes: 0, signIns: 2 })
    expect(callsAt('ours', server, atEachExpiry)).toMatchObject({ refreshes: 2, signIns: 0 })
  })
})

describe('the end of a grant', () => {
  test('idle: a refresh token that was not used in time is refused, whatever the client', () => {
    const server: ServerRules = { ...strict, idleSeconds: 7200 }
    for (const client of clients) {
      expect(callsAt(client, server, [10_000])).toMatchObject({ refusedRefreshes: 1, signIns: 1 })
    }
  })

  test('absolute: use does not extend a grant', () => {
    const server: ServerRules = { ...strict, absoluteSeconds: 7200 }
    for (const client of clients) {
      expect(callsAt(client, server, [3700, 7500])).toMatchObject({
        refusedRefreshes: 1,
        signIns: 1,
      })
    }
  })
})
