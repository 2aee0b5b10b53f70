import { headlessSignIn } from '@evergrant/client/headless'
import {
  createCanaries,
  startProtectedServer,
  startScriptedAuthorizationServer,
  virtualClock,
} from '@evergrant/test-kit'
import type { ScriptedAuthorizationServerOptions } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import {
  formatHtml,
  formatMarkdown,
  formatRecording,
  formatSarif,
  formatText,
  parseRecording,
  reportOn,
  runChecks,
} from '../src/index.ts'
import type { CheckResult, Measurement } from '../src/index.ts'

const start = 1_790_000_000

/** A clock on which waiting takes no time. */
function steppingClock() {
  const virtual = virtualClock(start)
  return {
    nowEpochSeconds: () => virtual.nowEpochSeconds(),
    sleep(milliseconds: number) {
      virtual.advanceSeconds(milliseconds / 1000)
      return Promise.resolve()
    },
  }
}

/** Signs in at a scripted server. Waiting advances the clock of the server, too. */
async function measure(
  options: ScriptedAuthorizationServerOptions = {},
  more: { readonly invasive?: boolean; readonly fetch?: typeof fetch } = {},
): Promise<CheckResult & { readonly alive: boolean }> {
  const clock = steppingClock()
  await using as = await startScriptedAuthorizationServer({ clock, ...options })
  await using mcp = await startProtectedServer(as, {
    clock,
    scopesSupported: ['mcp:read', 'mcp:write'],
  })
  const result = await runChecks(mcp.resource, {
    clock,
    ...(more.fetch === undefined ? {} : { fetch: more.fetch }),
    measure: { signIn: headlessSignIn(), clock, invasive: more.invasive, maximumWaitSeconds: 40 },
  })
  return { ...result, alive: as.grants().some((grant) => as.isGrantAlive(grant.id)) }
}

async function measured(
  options: ScriptedAuthorizationServerOptions = {},
  more: { readonly invasive?: boolean } = {},
): Promise<Measurement> {
  const { report } = await measure(options, more)
  if (report.measurement === undefined) throw new Error('Nothing was measured.')
  return report.measurement
}

test(
  'sign-in: measures a server that rotates, and revokes what it created',
  { tags: ['A-05', 'A-11'] },
  async () => {
    const { report, alive } = await measure()
    expect(report.measurement).toMatchObject({
      isPublicClient: true,
      registration: 'dynamic',
      iss: 'sent',
      accessToken: { format: 'jwt', type: 'Bearer', expiresInSeconds: 3600, mcpServerStatus: 200 },
      refreshToken: 'issued',
      refresh: {
        rotation: 'rotates',
        overlap: { seconds: 0, isAtLeast: false },
        plain: { outcome: 'tokens', refreshToken: 'new' },
        withResource: { outcome: 'tokens', refreshToken: 'new' },
        withScope: { outcome: 'tokens', refreshToken: 'new' },
        narrowed: { outcome: 'tokens', scope: 'mcp:read offline_access' },
        afterNarrowing: { outcome: 'tokens' },
      },
      invalidToken: { outcome: 'refused', status: 400, error: 'invalid_grant' },
      revocation: { outcome: 'revoked', deadToken: { error: 'invalid_grant' } },
      cleanUp: { grants: 1, revoked: 1 },
    })
    expect(alive).toBe(false)
  },
)

test.each([
  [{ rotation: 'static' }, 'no-token'],
  [{ rotation: 'repeat' }, 'same-token'],
  [{ rotation: 'rotate' }, 'rotates'],
] as const)('sign-in: measures the rotation %o', { tags: ['A-05'] }, async (options, rotation) => {
  expect((await measured(options)).refresh?.rotation).toBe(rotation)
})

test.each([0, 3, 10, 30])(
  'sign-in: measures a grace of %i s within a second',
  { tags: ['A-06'] },
  async (graceSeconds) => {
    const { reuse, cleanUp } = await measured({ graceSeconds }, { invasive: true })
    expect(reuse?.afterGrace).toBe('grant-ended')
    expect(Math.abs((reuse?.grace.seconds ?? 99) - graceSeconds)).toBeLessThanOrEqual(1)
    expect(cleanUp).toMatchObject({ grants: 2, revoked: 2 })
  },
)

test('sign-in: says that reuse keeps the grant', { tags: ['A-05'] }, async () => {
  const { report } = await measure({ familyRevocation: false }, { invasive: true })
  expect(report.measurement?.reuse?.afterGrace).toBe('refused')
  expect(report.findings.map(({ rule }) => rule)).toContain('reuse-keeps-the-grant')
})

test('sign-in: without --invasive, no superseded token is presented', async () => {
  const clock = steppingClock()
  await using as = await startScriptedAuthorizationServer({ clock })
  await using mcp = await startProtectedServer(as, { clock })
  await runChecks(mcp.resource, {
    clock,
    measure: { signIn: headlessSignIn(), clock },
  })
  expect(as.requests.filter(({ outcome }) => /reused|replayed/.test(outcome))).toEqual([])
})

test('sign-in: a server without refresh tokens', { tags: ['C-05'] }, async () => {
  const { report } = await measure({ issueRefreshTokens: 'never' })
  expect(report.measurement).toMatchObject({
    refreshToken: 'not-issued',
    noRefreshTokenReason: expect.any(String),
  })
  expect(report.measurement?.refresh).toBeUndefined()
  expect(report.findings.map(({ rule }) => rule)).toContain('no-refresh-token')
  expect(report.forecast?.refreshToken.outlook).toBe('probably-not')
})

test('sign-in: the report of a recording is the same', async () => {
  const { report, observations } = await measure({}, { invasive: true })
  expect(await reportOn(parseRecording(formatRecording(observations)))).toEqual(report)
})

test('sign-in: no secret is in any output, recording or report', { tags: ['C-06'] }, async () => {
  const canaries = createCanaries()
  const watching: typeof fetch = async (input, init) => {
    const body =
      typeof init?.body === 'string'
        ? init.body
        : ((init?.body as URLSearchParams | undefined)?.toString() ?? '')
    for (const field of ['code', 'code_verifier', 'refresh_token', 'token', 'client_secret']) {
      const value = new URLSearchParams(body).get(field)
      if (value !== null && value.length >= 8 && !value.startsWith('evergrant-doctor-')) {
        canaries.watch(field, value)
      }
    }
    const response = await fetch(input, init)
    const read: unknown = await response
      .clone()
      .json()
      .catch(() => ({}))
    for (const member of [
      'access_token',
      'refresh_token',
      'client_secret',
      'registration_access_token',
    ]) {
      const value: unknown = Object(read)[member]
      if (typeof value === 'string') canaries.watch(member, value)
    }
    return response
  }
  const { report, observations } = await measure(
    { registeredSecrets: 'anywhere' },
    { invasive: true, fetch: watching },
  )
  expect(report.measurement?.refreshToken).toBe('issued')
  canaries.expectNoCanary([
    JSON.stringify(report),
    JSON.stringify(observations),
    formatRecording(observations),
    formatText(report),
    formatMarkdown(report),
    formatHtml(report),
    formatSarif(report),
  ])
})
