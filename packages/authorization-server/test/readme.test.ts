import { expect, test } from 'vitest'
// #region example
import { randomBytes } from 'node:crypto'
import {
  createMemoryRefreshTokenStore,
  createRefreshTokenRotation,
  decideRefreshIssuance,
} from '@evergrant/authorization-server'

const decision = decideRefreshIssuance(
  {
    clientGrantTypes: ['authorization_code', 'refresh_token'],
    responseType: 'code',
    requestedScopes: ['mcp:read', 'offline_access'],
    consentedScopes: ['mcp:read', 'offline_access'],
  },
  { policy: 'oidc' }, // or oauth21, either, never, or your own rule
)
const { issue, reason } = decision // true, 'offline-access-consented'

const tokens = createRefreshTokenRotation(createMemoryRefreshTokenStore(), {
  successorKey: randomBytes(32), // In production, kept with your signing keys.
  overlapSeconds: 0,
})
const refreshToken = await tokens.issue('grant 1', { subject: 'alice' })
// When the access token is about to expire:
const result = await tokens.redeem(refreshToken) // { outcome: 'rotated', refreshToken: … }
// The response was lost, so the client presents the same token again:
const again = await tokens.redeem(refreshToken) // { outcome: 'replayed', refreshToken: the same }
// #endregion example

test('README: the example works as described', { tags: ['A-02', 'A-06'] }, () => {
  expect([issue, reason]).toEqual([true, 'offline-access-consented'])
  expect([result.outcome, again.outcome]).toEqual(['rotated', 'replayed'])
  if (result.outcome !== 'rotated' || again.outcome !== 'replayed') return
  expect(again.refreshToken).toBe(result.refreshToken)
})
