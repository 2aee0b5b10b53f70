import { expect, test } from 'vitest'
import { reportOn, runChecks } from '../src/index.ts'
import type { Measurement, Observations } from '../src/index.ts'
import { signInRules } from '../src/rules/sign-in.ts'
import { healthy, issuer, serverUrl, startDeployment, withServer } from './support/deployment.ts'
import type { Deployment } from './support/deployment.ts'

const tokens = {
  outcome: 'tokens',
  status: 200,
  refreshToken: 'new',
  scope: 'mcp:read mcp:write',
  audience: [serverUrl],
} as const
const dead = {
  outcome: 'refused',
  status: 400,
  error: 'invalid_grant',
  meaning: 'invalid-grant',
} as const
const refresh = {
  rotation: 'rotates',
  overlap: { seconds: 0, isAtLeast: false },
  plain: tokens,
  withResource: tokens,
  withScope: tokens,
  narrowed: { ...tokens, scope: 'mcp:read' },
  afterNarrowing: tokens,
} as const

/** A measurement without a fault. */
const sound: Measurement = {
  issuer,
  isPublicClient: true,
  registration: 'dynamic',
  iss: 'sent',
  requestedScope: 'mcp:read mcp:write offline_access',
  accessToken: {
    format: 'jwt',
    type: 'Bearer',
    expiresInSeconds: 300,
    audience: [serverUrl],
    issuer,
    mcpServerStatus: 200,
  },
  refreshToken: 'issued',
  announced: { authorization_expires_in: 7_776_000 },
  refresh,
  invalidToken: dead,
  reuse: {
    grace: { seconds: 30, isAtLeast: false },
    withinGrace: 'same-successor',
    afterGrace: 'grant-ended',
  },
  revocation: { outcome: 'revoked', status: 200, deadToken: dead },
  cleanUp: { grants: 2, revoked: 2, client: 'deleted' },
}

const refused = {
  outcome: 'refused',
  status: 400,
  error: 'invalid_target',
  meaning: 'invalid-target',
} as const

/** One measurement with one fault per rule. */
const faults: readonly {
  readonly rule: string
  readonly change: Partial<Measurement>
  readonly deployment?: Deployment
}[] = [
  {
    rule: 'iss-not-declared',
    change: {},
    deployment: withServer({ authorization_response_iss_parameter_supported: undefined }),
  },
  {
    rule: 'access-token-refused',
    change: { accessToken: { ...sound.accessToken, mcpServerStatus: 401 } },
  },
  {
    rule: 'access-token-for-another-audience',
    change: {
      accessToken: { ...sound.accessToken, audience: ['client'] },
      refresh: { ...refresh, withResource: { ...tokens, audience: ['client'] } },
    },
  },
  { rule: 'no-refresh-token', change: { refreshToken: 'not-issued', announced: {} } },
  {
    rule: 'refresh-refused',
    change: {
      refresh: {
        ...refresh,
        rotation: 'unknown',
        plain: refused,
        withResource: refused,
        withScope: refused,
      },
    },
  },
  {
    rule: 'refresh-with-resource-refused',
    change: { refresh: { ...refresh, withResource: refused } },
  },
  { rule: 'refresh-with-scope-refused', change: { refresh: { ...refresh, withScope: refused } } },
  {
    rule: 'refresh-forgets-resource',
    change: { refresh: { ...refresh, withResource: { ...tokens, audience: ['client'] } } },
  },
  { rule: 'refresh-token-not-rotated', change: { refresh: { ...refresh, rotation: 'no-token' } } },
  {
    rule: 'narrowing-is-permanent',
    change: { refresh: { ...refresh, afterNarrowing: { ...tokens, scope: 'mcp:read' } } },
  },
  { rule: 'invalid-refresh-token-accepted', change: { invalidToken: tokens } },
  {
    rule: 'dead-token-wrong-error',
    change: {
      revocation: {
        outcome: 'revoked',
        deadToken: { outcome: 'refused', status: 400, error: 'invalid_request' },
      },
    },
  },
  {
    rule: 'no-grace-after-rotation',
    change: { reuse: { grace: { seconds: 0, isAtLeast: false }, afterGrace: 'grant-ended' } },
  },
  {
    rule: 'reuse-keeps-the-grant',
    change: { reuse: { grace: { seconds: 0, isAtLeast: false }, afterGrace: 'refused' } },
  },
  { rule: 'lifetime-not-announced', change: { announced: {} } },
  { rule: 'revocation-refused', change: { revocation: { outcome: 'refused', status: 401 } } },
  {
    rule: 'revocation-ineffective',
    change: { revocation: { outcome: 'ineffective', status: 200 } },
  },
]

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

test.each(faults)(
  'rule $rule: fires at its measurement, and no other rule does',
  async ({ rule, change, deployment = healthy }) => {
    const found = await rulesAt(deployment, { ...sound, ...change })
    expect(found).toEqual([rule])
  },
)

test('doctor: every rule about a sign-in has exactly one measurement', () => {
  expect(faults.map(({ rule }) => rule).toSorted()).toEqual(
    signInRules.map(({ id }) => id).toSorted(),
  )
})
