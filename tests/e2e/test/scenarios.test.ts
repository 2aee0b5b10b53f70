import { headlessSignIn } from '@evergrant/client/headless'
import { expect, test } from 'vitest'
import { noRefreshTokenScenario, refreshScenario, stepUpScenario } from '../src/scenarios.ts'

test(
  'eight callers over many expiries: one sign-in, one refresh for each expiry, no 401, no failed call',
  { tags: ['C-02', 'C-51', 'C-55', 'A-01'] },
  async () => {
    const { promises } = await refreshScenario({
      signIn: headlessSignIn(),
      seconds: 18,
      accessTokenLifetimeSeconds: 5,
    })
    expect(promises.filter(({ kept }) => !kept)).toEqual([])
  },
)

test(
  'a server that issues no refresh tokens: the client asks again, loses no call, and says why',
  { tags: ['C-05', 'C-10'] },
  async () => {
    const report = await noRefreshTokenScenario({ signIn: headlessSignIn(), seconds: 4 })
    expect(report.promises.filter(({ kept }) => !kept)).toEqual([])
    expect(report.explanation).toContain('no refresh token')
  },
)

test(
  'a step-up: the wider scope is granted and the refresh token survives',
  { tags: ['C-08', 'C-22', 'S-13'] },
  async () => {
    const report = await stepUpScenario({ signIn: headlessSignIn(), seconds: 0 })
    expect(report.promises.filter(({ kept }) => !kept)).toEqual([])
    expect(report.explanation).toContain('mcp:write')
  },
)
