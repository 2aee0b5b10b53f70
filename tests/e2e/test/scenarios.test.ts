import { headlessSignIn } from '@evergrant/client/headless'
import { expect, test } from 'vitest'
import { noRefreshTokenScenario, refreshScenario, stepUpScenario } from '../src/scenarios.ts'

test(
  'demo: eight callers across many expiries cause one sign-in, one refresh per expiry, no 401 and no failed call',
  { tags: ['C-02', 'C-51', 'C-55', 'A-01'] },
  async () => {
    const { checks } = await refreshScenario({
      signIn: headlessSignIn(),
      seconds: 18,
      accessTokenLifetimeSeconds: 5,
    })
    expect(checks.filter(({ passed }) => !passed)).toEqual([])
  },
)

test(
  'demo: without refresh tokens, the client signs in again, loses no call and says why',
  { tags: ['C-05', 'C-10'] },
  async () => {
    const report = await noRefreshTokenScenario({ signIn: headlessSignIn(), seconds: 4 })
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(report.explanation).toContain('no refresh token')
  },
)

test(
  'demo: a step-up grants the wider scope and keeps the refresh token',
  { tags: ['C-08', 'C-22', 'S-13'] },
  async () => {
    const report = await stepUpScenario({ signIn: headlessSignIn(), seconds: 0 })
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(report.explanation).toContain('mcp:write')
  },
)
