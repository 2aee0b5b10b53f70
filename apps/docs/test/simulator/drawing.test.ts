import { drawScenario, simulate } from '@evergrant/simulation'
import { expect, test } from 'vitest'
import { bandsOf, grantBarsOf, marksOf, ticksOf } from '../../src/simulator/drawing'
import { defaultSettings, simulationSettings } from '../../src/simulator/settings'
import { describeRun, formatTime, summarize } from '../../src/simulator/words'

const day = 86_400

test('marks: events in one column are one mark with a count', () => {
  const events = [
    { kind: 'refused', process: 0, atSeconds: 100 },
    { kind: 'refused', process: 0, atSeconds: 101 },
    { kind: 'refused', process: 1, atSeconds: 101 },
    { kind: 'refreshed', process: 0, atSeconds: 101 },
    { kind: 'refused', process: 0, atSeconds: 43_200 },
    { kind: 'call-failed', process: 0, atSeconds: 101 },
  ] as const
  expect(marksOf({ events }, day)).toEqual([
    { kind: 'refused', process: 0, percent: 0.12, count: 2 },
    { kind: 'refused', process: 1, percent: 0.12, count: 1 },
    { kind: 'refreshed', process: 0, percent: 0.12, count: 1 },
    { kind: 'refused', process: 0, percent: 50, count: 1 },
  ])
})

test('bands: a sleep that goes on after the end is cut', () => {
  expect(bandsOf([{ kind: 'sleep', atSeconds: 64_800, forSeconds: 28_800 }], day)).toEqual([
    { kind: 'sleep', percent: 75, width: 25 },
  ])
})

test('grants: one without an end lasts until the end', () => {
  expect(
    grantBarsOf(
      { grants: [{ startSeconds: 0, endSeconds: 21_600 }, { startSeconds: 43_200 }] },
      day,
    ),
  ).toEqual([
    { percent: 0, width: 25 },
    { percent: 50, width: 50 },
  ])
})

test('ticks: at most eight, from the start to the end', () => {
  for (const hours of [8, 24, 72]) {
    const ticks = ticksOf(hours * 3600)
    expect(ticks.length).toBeLessThanOrEqual(8)
    expect(ticks[0]).toEqual({ percent: 0, label: '0 h' })
    expect(ticks.at(-1)).toEqual({ percent: 100, label: `${hours} h` })
  }
})

test('words: a run without a drawing', () => {
  const scenario = drawScenario(simulationSettings({ ...defaultSettings, sleeps: 0 }))
  const runs = [simulate('sdk-v1', scenario), simulate('ours', scenario)]
  expect(describeRun(runs[0] ?? simulate('sdk-v1', scenario))).toMatch(
    /^MCP SDK 1\.x: \d+ refreshes, \d+ refused, \d+ sign-ins\. The user signs in at \d+:\d\d/,
  )
  expect(summarize(runs, 24)).toMatch(
    /^Sign-ins in 24 hours: \d+ with MCP SDK 1\.x, \d+ with Evergrant\.$/,
  )
  expect(formatTime(3660)).toBe('1:01')
})
