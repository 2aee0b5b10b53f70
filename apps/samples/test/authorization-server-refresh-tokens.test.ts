import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  decide,
  openRotation,
  refresh,
  scopesSupported,
} from '../src/authorization-server-refresh-tokens.ts'
import type { RefreshAnswer } from '../src/authorization-server-refresh-tokens.ts'

const signedIn = { subject: 'alice', clientId: 'client', scope: 'mcp:read offline_access' }

test(
  'issuance: offline_access is listed, and consent to it yields a refresh token',
  { tags: ['A-01', 'A-03', 'A-04'] },
  () => {
    expect(scopesSupported).toContain('offline_access')
    const request = {
      clientGrantTypes: ['authorization_code', 'refresh_token'],
      responseType: 'code',
      requestedScopes: ['mcp:read', 'offline_access'],
    }
    const consented = decide({ ...request, consentedScopes: ['mcp:read', 'offline_access'] })
    const declined = decide({ ...request, consentedScopes: ['mcp:read'] })
    expect([consented.issue, consented.reason]).toEqual([true, 'offline-access-consented'])
    expect([declined.issue, declined.reason]).toEqual([false, 'offline-access-not-consented'])
  },
)

test(
  'rotation: a lost response is forgiven until the successor is used, then the family is revoked',
  { tags: ['A-05', 'A-06'] },
  async () => {
    let nowEpochSeconds = 1_000_000
    const rotation = openRotation(randomBytes(32), { nowEpochSeconds: () => nowEpochSeconds })
    const first = await rotation.issue('family', signedIn)
    nowEpochSeconds += 300
    const second = tokenOf(await refresh(rotation, first, 'client'))
    expect(tokenOf(await refresh(rotation, first, 'client'))).toBe(second)
    nowEpochSeconds += 300
    const third = tokenOf(await refresh(rotation, second, 'client'))
    expect(await refresh(rotation, first, 'client')).toEqual({ error: 'invalid_grant' })
    expect(await refresh(rotation, third, 'client')).toEqual({ error: 'invalid_grant' })
  },
)

test(
  'rotation: another client that presents the token is refused, and does not use it up',
  { tags: ['A-05'] },
  async () => {
    const rotation = openRotation(randomBytes(32))
    const first = await rotation.issue('family', signedIn)
    expect(await refresh(rotation, first, 'other')).toEqual({ error: 'invalid_grant' })
    expect(await refresh(rotation, first, 'client')).toHaveProperty('refresh_token')
  },
)

function tokenOf(answer: RefreshAnswer): string {
  if ('refresh_token' in answer) return answer.refresh_token
  throw new Error(`Expected a refresh token, got ${answer.error}`)
}
