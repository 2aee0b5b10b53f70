import { Provider } from 'oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import { describe, expect, test } from 'vitest'
import { bindRefreshTokens } from '../../src/oidc-provider.ts'
import { refreshTokenId, successorDerivation } from '../../src/rotation/successor.ts'
import {
  adapterOf,
  heldAfter,
  jwks,
  latency,
  slowArtifacts,
  slowRefreshTokens,
  startEngine,
  successorKey,
} from './engine.ts'

test(
  'rotation: 8 concurrent refreshes with one token give one successor and leave one live token',
  { tags: ['A-05', 'A-06'] },
  async () => {
    await using engine = await startEngine()
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => await engine.refresh(engine.refreshToken)),
    )
    const successors = new Set(answers.map((answer) => answer['refresh_token']))
    expect(successors.size).toBe(1)
    expect(new Set(answers.map((answer) => answer['access_token'])).size).toBe(8)
    const [successor] = successors
    expect(await engine.find(engine.refreshToken)).toMatchObject({
      successorId: refreshTokenId(String(successor)),
    })
    expect((await engine.find(String(successor)))?.supersededAtEpochSeconds).toBeUndefined()
    expect([engine.count('rotated'), engine.count('replayed')]).toEqual([1, 7])
  },
)

test('rotation: a chain of concurrent refreshes stays alive', { tags: ['A-06'] }, async () => {
  await using engine = await startEngine()
  let held = engine.refreshToken
  for (const _ of Array.from({ length: 5 })) {
    const answers = await Promise.all(
      Array.from({ length: 3 }, async () => await engine.refresh(held)),
    )
    expect(new Set(answers.map((answer) => answer['refresh_token'])).size).toBe(1)
    held = String(answers[0]?.['refresh_token'])
  }
  expect(await engine.refresh(held)).toHaveProperty('access_token')
  expect(engine.count('reuse-detected')).toBe(0)
})

test(
  'rotation: without grace, one request wins and the family is revoked',
  { tags: ['A-05'] },
  async () => {
    await using engine = await startEngine({ graceSeconds: 0 })
    const answers = await Promise.all(
      Array.from({ length: 4 }, async () => await engine.refresh(engine.refreshToken)),
    )
    expect(answers.filter((answer) => 'access_token' in answer).length).toBeLessThanOrEqual(1)
    expect(engine.count('rotated')).toBe(1)
    expect(engine.count('reuse-detected')).toBeGreaterThanOrEqual(1)
    for (const answer of answers) {
      expect(await engine.refresh(heldAfter(answer, engine.refreshToken))).toMatchObject({
        error: 'invalid_grant',
      })
    }
    expect(await engine.artifacts.find('Grant', engine.grantId)).toBeUndefined()
  },
)

test('rotation: the grace is measured with the injected clock', { tags: ['A-06'] }, async () => {
  let ahead = 0
  await using engine = await startEngine({
    graceSeconds: 60,
    clock: { nowEpochSeconds: () => Date.now() / 1000 + ahead },
  })
  await engine.refresh(engine.refreshToken)
  ahead = 50
  expect(await engine.refresh(engine.refreshToken)).toHaveProperty('access_token')
  ahead = 70
  expect(await engine.refresh(engine.refreshToken)).toMatchObject({ error: 'invalid_grant' })
  expect(engine.events.at(-1)).toMatchObject({ type: 'reuse-detected', reason: 'grace-over' })
})

test(
  'rotation: within the overlap, both tokens lead to the same token',
  { tags: ['A-06'] },
  async () => {
    let ahead = 0
    await using engine = await startEngine({
      overlapSeconds: 10,
      clock: { nowEpochSeconds: () => Date.now() / 1000 + ahead },
    })
    ahead = 20
    const first = engine.refreshToken
    const second = String((await engine.refresh(first))['refresh_token'])
    expect(second).not.toBe(first)
    const answers = await Promise.all(
      [second, first, second, first].map(async (token) => await engine.refresh(token)),
    )
    expect(answers.map((answer) => answer['refresh_token'])).toEqual(Array(4).fill(second))
    expect(new Set(answers.map((answer) => answer['access_token'])).size).toBe(4)
    expect([engine.count('rotated'), engine.count('replayed'), engine.count('kept')]).toEqual([
      1, 2, 2,
    ])
    // A use within the overlap counts as soon as the overlap is over.
    ahead = 40
    expect(await engine.refresh(first)).toMatchObject({ error: 'invalid_grant' })
    expect(engine.events.at(-1)).toMatchObject({
      type: 'reuse-detected',
      reason: 'successor-used',
    })
    expect(await engine.refresh(second)).toMatchObject({ error: 'invalid_grant' })
  },
)

test(
  'rotation: a token that expired while another request won the race is refused',
  { tags: ['A-05', 'A-07'] },
  async () => {
    let ahead = 0
    await using engine = await startEngine({
      lifetimes: { idleSeconds: 100, absoluteSeconds: 500 },
      clock: { nowEpochSeconds: () => Date.now() / 1000 + ahead },
    })
    const { refreshTokens } = engine
    const supersede = refreshTokens.supersede.bind(refreshTokens)
    refreshTokens.supersede = async (id, successor, at) => {
      await supersede(id, successor, at)
      ahead = 200
      return 'already-superseded'
    }
    expect(await engine.refresh(engine.refreshToken)).toMatchObject({ error: 'invalid_grant' })
    expect(engine.events.map(({ type }) => type)).toEqual([])
  },
)

test(
  'rotation: a family that is revoked during a refresh stays revoked',
  { tags: ['A-05'] },
  async () => {
    for (const _ of Array.from({ length: 10 })) {
      await using engine = await startEngine()
      const [answer] = await Promise.all([
        engine.refresh(engine.refreshToken),
        latency().then(async () => await engine.refreshTokens.revokeFamily(engine.grantId)),
      ])
      // In either order, the client holds no valid token.
      const held = heldAfter(answer, engine.refreshToken)
      expect(await engine.refresh(held)).toMatchObject({ error: 'invalid_grant' })
    }
  },
)

describe('an unknown predecessor', () => {
  test(
    'rotation: without a known predecessor, nothing is stored and nothing is spent',
    { tags: ['A-05', 'A-06'] },
    async () => {
      // A cache around the adapter answers, and the adapter does not see the presentation.
      const cache = new Map<string, AdapterPayload>()
      await using engine = await startEngine({}, (adapterFor) => (model) => {
        const adapter = adapterFor(model)
        if (model !== 'RefreshToken') return adapter
        return {
          ...adapter,
          find: async (id) => cache.get(id) ?? (await adapter.find(id)),
        }
      })
      const { refreshToken, grantId } = engine
      const stored = await engine.find(refreshToken)
      cache.set(refreshToken, {
        ...stored?.data,
        jti: refreshToken,
        grantId,
        exp: stored?.expiresAtEpochSeconds,
      })
      expect(await engine.refresh(refreshToken)).toMatchObject({ error: 'server_error' })
      expect(engine.serverErrors).toEqual([expect.stringContaining('without a cache around it')])
      expect(await engine.find(successorDerivation(successorKey)(refreshToken))).toBeUndefined()
      cache.clear()
      const next = String((await engine.refresh(refreshToken))['refresh_token'])
      expect((await engine.find(next))?.familyId).toBe(grantId)
      expect(await engine.refresh(next)).toHaveProperty('access_token')
    },
  )

  test(
    'rotation: outside a request, a rotated token is refused too',
    { tags: ['A-05'] },
    async () => {
      const refreshTokens = slowRefreshTokens()
      const binding = bindRefreshTokens(
        { artifacts: slowArtifacts(), refreshTokens },
        { successorKey },
      )
      const adapter = adapterOf(binding)('RefreshToken')
      await expect(
        adapter.upsert('token', { grantId: 'grant', rotations: 1 }, 60),
      ).rejects.toMatchObject({ code: 'ENGINE_NOT_SUPPORTED' })
      expect(await refreshTokens.find(refreshTokenId('token'))).toBeUndefined()
      await adapter.upsert('token', { grantId: 'grant', rotations: 0 }, 60)
      expect(await refreshTokens.find(refreshTokenId('token'))).toMatchObject({ familyId: 'grant' })
    },
  )
})

test(
  'binding: an engine without the required method is refused at the start',
  { tags: ['A-06'] },
  () => {
    const binding = bindRefreshTokens(
      { artifacts: slowArtifacts(), refreshTokens: slowRefreshTokens() },
      { successorKey },
    )
    const provider = new Provider('http://127.0.0.1', {
      ...binding.configuration,
      ttl: binding.ttl,
      jwks,
      features: { devInteractions: { enabled: false } },
    })
    Object.defineProperty(provider.RefreshToken.prototype, 'generateTokenId', { value: undefined })
    expect(() => binding.attach(provider)).toThrow(
      expect.objectContaining({ code: 'ENGINE_NOT_SUPPORTED' }),
    )
  },
)
