import { expect, test } from 'vitest'
import { reportOn, runChecks } from '../src/index.ts'
import type { Measurement, Observations } from '../src/index.ts'
import { signInRules } from '../src/rules/sign-in.ts'
import { healthy, startDeployment } from './support/deployment.ts'
import type { Deployment } from './support/deployment.ts'
import { faultyMeasurements, sound } from './support/faulty-measurements.ts'

async function rulesAt(
  deployment: Deployment,
  measurement: Measurement,
): Promise<readonly string[]> {
  await using running = await startDeployment(deployment)
  const { fetch, clock } = running
  const { observations } = await runChecks(deployment.serverUrl, { fetch, clock })
  const withSignIn: Observations = { ...observations, measurement }
  return (await reportOn(withSignIn)).findings.map(({ rule }) => rule)
}

test('sign-in rules: a measurement without a fault breaks none', async () => {
  expect(await rulesAt(healthy, sound)).toEqual([])
})

test.each(faultyMeasurements)(
  'rule $rule: fires at its measurement, and no other rule does',
  async ({ rule, change, deployment = healthy }) => {
    const found = await rulesAt(deployment, { ...sound, ...change })
    expect(found).toEqual([rule])
  },
)

test('doctor: every rule about a sign-in has exactly one measurement', () => {
  expect(faultyMeasurements.map(({ rule }) => rule).toSorted()).toEqual(
    signInRules.map(({ id }) => id).toSorted(),
  )
})
