import { describe, expect, test } from 'vitest'
import { ours } from './measured/ours.ts'
import type { Outcome, Situation, Step } from './measured/measure.ts'
import { measure, model } from './measured/measure.ts'
import { sdkV1, sdkV2 } from './measured/sdks.ts'

const sdks = [sdkV1, sdkV2]
const everyClient = [...sdks, ours]
const strict = {
  accessTokenSeconds: 3600,
  rotation: 'rotates',
  reuse: 'family-revoked',
  graceSeconds: 0,
} as const
const withGrace = { ...strict, graceSeconds: 30 }

const oneCall = (atSeconds: number): Step => ({ atSeconds, calls: [0] })
const fourCalls = (atSeconds: number): Step => ({ atSeconds, calls: [0, 0, 0, 0] })

/** Situations in which the order of requests cannot change the counts. */
const exact: readonly (readonly [name: string, Situation])[] = [
  [
    'one call after the other, over three expiries',
    {
      rules: strict,
      processes: 1,
      steps: [10, 3700, 3800, 7500, 11_300].map((atSeconds) => oneCall(atSeconds)),
    },
  ],
  [
    'four calls at once, and the server keeps the refresh token',
    {
      rules: { ...strict, rotation: 'keeps' },
      processes: 1,
      steps: [fourCalls(3700), oneCall(7500)],
    },
  ],
  [
    'four calls at once, and the server has a grace',
    { rules: withGrace, processes: 1, steps: [fourCalls(3700), oneCall(7500)] },
  ],
  [
    'a lost response without a grace',
    {
      rules: strict,
      processes: 1,
      steps: [{ ...oneCall(3700), fault: 'lost-response' }, oneCall(7500)],
    },
  ],
  [
    'a lost response with a grace',
    {
      rules: withGrace,
      processes: 1,
      steps: [{ ...oneCall(3700), fault: 'lost-response' }, oneCall(7500)],
    },
  ],
  [
    'a process that is killed before it saves, without a grace',
    {
      rules: strict,
      processes: 1,
      steps: [{ ...oneCall(3700), fault: 'kill' }, oneCall(3710), oneCall(7500)],
    },
  ],
  [
    'a process that is killed before it saves, with a grace',
    {
      rules: withGrace,
      processes: 1,
      steps: [{ ...oneCall(3700), fault: 'kill' }, oneCall(3710), oneCall(7500)],
    },
  ],
]

describe.each(exact)('model and real code: %s', (_, situation) => {
  test.each(everyClient)('$id: the counts are equal', async (candidate) => {
    expect(model(candidate.id, situation)).toEqual(await measure(candidate, situation))
  })
})

/** Situations that are races for the SDKs. What the page says holds for model and real code. */
const races: readonly (readonly [name: string, Situation])[] = [
  ['four calls at once', { rules: strict, processes: 1, steps: [fourCalls(3700), oneCall(7500)] }],
  [
    'two processes that call at once',
    {
      rules: strict,
      processes: 2,
      steps: [{ atSeconds: 3700, calls: [0, 0, 1, 1] }, oneCall(7500)],
    },
  ],
]

describe.each(races)('model and real code: %s, without a grace', (_, situation) => {
  test.each(sdks)(
    '$id: at least one refresh is refused, and the user signs in',
    async (candidate) => {
      for (const outcome of [model(candidate.id, situation), await measure(candidate, situation)]) {
        expect(outcome.refused).toBeGreaterThanOrEqual(1)
        expect(outcome.signIns).toBeGreaterThanOrEqual(1)
      }
    },
  )

  test('ours: one refresh for each expiry, and no sign-in', async () => {
    const expected: Outcome = { refreshes: 2, refused: 0, signIns: 0 }
    expect(await measure(ours, situation)).toEqual(expected)
    expect(model('ours', situation)).toEqual(expected)
  })
})

describe('model and real code: two processes that call at once, and reuse is only refused', () => {
  const situation: Situation = {
    rules: { ...strict, reuse: 'refused' },
    processes: 2,
    steps: [{ atSeconds: 3700, calls: [0, 1] }],
  }

  test.each(sdks)('$id: at least one refresh is refused', async (candidate) => {
    expect(model(candidate.id, situation).refused).toBeGreaterThanOrEqual(1)
    expect((await measure(candidate, situation)).refused).toBeGreaterThanOrEqual(1)
  })

  test('ours: the second process uses the tokens of the first', async () => {
    expect(await measure(ours, situation)).toEqual({ refreshes: 1, refused: 0, signIns: 0 })
    expect(model('ours', situation)).toEqual(await measure(ours, situation))
  })
})

describe('model and real code: two refreshes are answered with status 503', () => {
  const situation: Situation = {
    rules: strict,
    processes: 1,
    steps: [{ ...oneCall(3700), fault: 'outage' }, oneCall(7500)],
  }

  // How often Evergrant tries depends on how long a request takes.
  test.each(everyClient)('$id: sign-ins and refused refreshes are equal', async (candidate) => {
    const { refreshes: _modeled, ...modeled } = model(candidate.id, situation)
    const { refreshes: _measured, ...measured } = await measure(candidate, situation)
    expect(modeled).toEqual(measured)
    expect(measured).toEqual({ refused: 0, signIns: candidate.id === 'ours' ? 0 : 1 })
  })
})
