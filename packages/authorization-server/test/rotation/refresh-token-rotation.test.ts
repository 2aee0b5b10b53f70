import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createMemoryRefreshTokenStore,
  createRefreshTokenRotation,
  decideRotation,
} from '../../src/index.ts'
import type { RedemptionResult, RefreshTokenRecord } from '../../src/index.ts'
import { refreshTokenId, successorDerivation } from '../../src/rotation/successor.ts'

const successorKey = new Uint8Array(32).fill(7)

function rotation(
  options: {
    graceSeconds?: number
    overlapSeconds?: number
    idleSeconds?: number
    absoluteSeconds?: number
  } = {},
) {
  const clock = { now: 1_000_000 }
  const store = createMemoryRefreshTokenStore<string>()
  const {
    idleSeconds = 1000,
    absoluteSeconds = 5000,
    graceSeconds = 60,
    overlapSeconds = 0,
  } = options
  const tokens = createRefreshTokenRotation(store, {
    successorKey,
    graceSeconds,
    overlapSeconds,
    lifetimes: { idleSeconds, absoluteSeconds },
    clock: { nowEpochSeconds: () => clock.now },
  })
  return { clock, store, tokens }
}

function successorOf<Data>(result: RedemptionResult<Data>): string {
  if ('refreshToken' in result) return result.refreshToken
  throw new Error(`expected a successor, got ${result.outcome}`)
}

test('grace: a superseded token gives the same successor again', { tags: ['A-06'] }, async () => {
  const { tokens } = rotation()
  const first = await tokens.issue('family', 'alice')
  const rotated = await tokens.redeem(first)
  expect(rotated.outcome).toBe('rotated')
  for (const _ of Array.from({ length: 3 })) {
    const replayed = await tokens.redeem(first)
    expect(replayed.outcome).toBe('replayed')
    expect(successorOf(replayed)).toBe(successorOf(rotated))
  }
})

test('grace: the first use of the successor ends it', { tags: ['A-05', 'A-06'] }, async () => {
  const { tokens } = rotation()
  const first = await tokens.issue('family', 'alice')
  const second = successorOf(await tokens.redeem(first))
  const third = successorOf(await tokens.redeem(second))
  expect(await tokens.redeem(first)).toEqual({
    outcome: 'family-revoked',
    reason: 'successor-used',
    familyId: 'family',
  })
  for (const token of [first, second, third]) {
    expect(await tokens.redeem(token)).toEqual({ outcome: 'refused', reason: 'unknown' })
  }
})

test(
  'grace: ends with its window, even when the successor was never used',
  { tags: ['A-06'] },
  async () => {
    const { clock, tokens } = rotation({ graceSeconds: 60 })
    const first = await tokens.issue('family', 'alice')
    await tokens.redeem(first)
    clock.now += 60
    expect((await tokens.redeem(first)).outcome).toBe('replayed')
    clock.now += 1
    expect(await tokens.redeem(first)).toMatchObject({
      outcome: 'family-revoked',
      reason: 'grace-over',
    })
  },
)

test(
  'grace: a stolen token is detected at once when it is presented after the grace',
  { tags: ['A-05', 'A-06'] },
  async () => {
    // Access tokens of 300 s, refreshed a little ahead, and a grace of a quarter of that.
    const { clock, tokens } = rotation({ graceSeconds: 75, overlapSeconds: 10 })
    const stolen = await tokens.issue('family', 'alice')
    clock.now += 280
    const owners = successorOf(await tokens.redeem(stolen))
    clock.now += 100
    expect(await tokens.redeem(stolen)).toMatchObject({
      outcome: 'family-revoked',
      reason: 'grace-over',
    })
    expect(await tokens.redeem(owners)).toMatchObject({ outcome: 'refused' })
  },
)

test(
  'grace: with 0 seconds, the second presentation revokes the family',
  { tags: ['A-05'] },
  async () => {
    const { tokens } = rotation({ graceSeconds: 0 })
    const first = await tokens.issue('family', 'alice')
    await tokens.redeem(first)
    expect((await tokens.redeem(first)).outcome).toBe('family-revoked')
  },
)

test('rotation: revoking one family does not affect others', { tags: ['A-05'] }, async () => {
  const { tokens } = rotation({ graceSeconds: 0 })
  const other = await tokens.issue('other', 'bob')
  const first = await tokens.issue('family', 'alice')
  await tokens.redeem(first)
  await tokens.redeem(first)
  expect((await tokens.redeem(other)).outcome).toBe('rotated')
})

test(
  'rotation: 50 concurrent redemptions give one successor and leave one live token',
  { tags: ['A-06'] },
  async () => {
    const { store, tokens } = rotation()
    const first = await tokens.issue('family', 'alice')
    const results = await Promise.all(Array.from({ length: 50 }, () => tokens.redeem(first)))
    expect(results.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(1)
    expect(results.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(49)
    expect(new Set(results.map((result) => successorOf(result))).size).toBe(1)
    const [result] = results
    const successor = result === undefined ? undefined : successorOf(result)
    expect((await store.find(refreshTokenId(first)))?.supersededAtEpochSeconds).toBeDefined()
    expect((await store.find(refreshTokenId(successor ?? '')))?.supersededAtEpochSeconds).toBe(
      undefined,
    )
  },
)

test('rotation: a refused request does not spend the token', { tags: ['A-06'] }, async () => {
  const { tokens } = rotation()
  const first = await tokens.issue('family', 'alice')
  const refusal = new Error('scope is wider than granted')
  await expect(
    tokens.redeem(first, () => {
      throw refusal
    }),
  ).rejects.toBe(refusal)
  expect((await tokens.redeem(first)).outcome).toBe('rotated')
})

test('rotation: lost responses lose no grant (property)', { tags: ['A-05', 'A-06'] }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async (arrivals) => {
      const { tokens } = rotation()
      let held = await tokens.issue('family', 'alice')
      for (const arrives of arrivals) {
        const result = await tokens.redeem(held)
        const successor = successorOf(result)
        if (arrives) held = successor
      }
      expect(['rotated', 'replayed']).toContain((await tokens.redeem(held)).outcome)
    }),
  )
})

describe('overlap', () => {
  async function exchanged(options: Parameters<typeof rotation>[0] = {}) {
    const it = rotation({ overlapSeconds: 10, ...options })
    const first = await it.tokens.issue('family', 'alice')
    it.clock.now += 500
    const second = successorOf(await it.tokens.redeem(first))
    return { ...it, first, second }
  }

  test(
    'overlap: a token that was just issued is given back',
    { tags: ['A-05', 'A-06'] },
    async () => {
      const { clock, tokens, second } = await exchanged()
      for (const _ of Array.from({ length: 3 })) {
        expect(await tokens.redeem(second)).toMatchObject({ outcome: 'kept', refreshToken: second })
      }
      clock.now += 10
      expect((await tokens.redeem(second)).outcome).toBe('kept')
      clock.now += 1
      expect((await tokens.redeem(second)).outcome).toBe('rotated')
    },
  )

  test('overlap: the old token leads to the new one, used or not', { tags: ['A-06'] }, async () => {
    const { clock, tokens, first, second } = await exchanged()
    await tokens.redeem(second)
    clock.now += 10
    expect(await tokens.redeem(first)).toMatchObject({ outcome: 'replayed', refreshToken: second })
  })

  test(
    'overlap: after it, the predecessor of a used token is reuse',
    { tags: ['A-05', 'A-06'] },
    async () => {
      const { clock, tokens, first, second } = await exchanged()
      await tokens.redeem(second)
      clock.now += 11
      expect(await tokens.redeem(first)).toMatchObject({ reason: 'successor-used' })
      expect((await tokens.redeem(second)).outcome).toBe('refused')
    },
  )

  test(
    'overlap: after it, the grace continues while the successor is unused',
    { tags: ['A-06'] },
    async () => {
      const { clock, tokens, first, second } = await exchanged({ graceSeconds: 60 })
      clock.now += 11
      expect(await tokens.redeem(first)).toMatchObject({
        outcome: 'replayed',
        refreshToken: second,
      })
      clock.now += 50
      expect(await tokens.redeem(first)).toMatchObject({ reason: 'grace-over' })
    },
  )

  test('overlap: is never longer than the grace', { tags: ['A-05'] }, async () => {
    const { tokens, first, second } = await exchanged({ graceSeconds: 0, overlapSeconds: 10 })
    expect((await tokens.redeem(second)).outcome).toBe('rotated')
    expect((await tokens.redeem(first)).outcome).toBe('family-revoked')
  })

  test(
    'overlap: a refused request does not count as a use of the token',
    { tags: ['A-06'] },
    async () => {
      const { clock, tokens, first, second } = await exchanged()
      const refusal = new Error('another client')
      await expect(tokens.redeem(second, () => Promise.reject(refusal))).rejects.toBe(refusal)
      clock.now += 11
      expect((await tokens.redeem(first)).outcome).toBe('replayed')
    },
  )

  test(
    'overlap: callers that met the same expiry end with one token, in any order (property)',
    { tags: ['A-06'] },
    async () => {
      const calls = fc.array(fc.nat(7), { minLength: 1, maxLength: 40 })
      await fc.assert(
        fc.asyncProperty(calls, async (order) => {
          const { clock, store, tokens } = rotation({ overlapSeconds: 10 })
          const first = await tokens.issue('family', 'alice')
          clock.now += 500
          // Each caller reads the saved token when its turn begins, and saves its result at the end.
          let saved = first
          const held = new Map<number, string>()
          for (const caller of order) {
            const presented = held.get(caller) ?? saved
            if (held.has(caller)) saved = successorOf(await tokens.redeem(presented))
            held.set(caller, presented)
          }
          expect([first, successorDerivation(successorKey)(first)]).toContain(saved)
          clock.now += 30
          expect('refreshToken' in (await tokens.redeem(saved))).toBe(true)
          expect(await store.find(refreshTokenId(first))).toBeDefined()
        }),
      )
    },
  )
})

describe('lifetimes', () => {
  test('lifetimes: a token that was idle for too long is refused', { tags: ['A-07'] }, async () => {
    const { clock, tokens } = rotation({ idleSeconds: 100 })
    const first = await tokens.issue('family', 'alice')
    clock.now += 99
    const second = successorOf(await tokens.redeem(first))
    clock.now += 100
    expect(await tokens.redeem(second)).toEqual({ outcome: 'refused', reason: 'expired' })
  })

  test(
    'lifetimes: rotation does not move the absolute expiry of the family',
    { tags: ['A-07'] },
    async () => {
      const { clock, tokens } = rotation({ idleSeconds: 100, absoluteSeconds: 250 })
      let held = await tokens.issue('family', 'alice')
      for (const _ of Array.from({ length: 3 })) {
        clock.now += 80
        held = successorOf(await tokens.redeem(held))
      }
      clock.now += 10
      expect(await tokens.redeem(held)).toEqual({ outcome: 'refused', reason: 'expired' })
    },
  )

  test(
    'lifetimes: an issuance can shorten the family and cannot lengthen it',
    { tags: ['A-01', 'A-07'] },
    async () => {
      const { clock, store, tokens } = rotation({ idleSeconds: 100, absoluteSeconds: 250 })
      const short = await tokens.issue('short', 'alice', { maximumLifetimeSeconds: 30 })
      const long = await tokens.issue('long', 'alice', { maximumLifetimeSeconds: 9_999_999 })
      expect(await store.find(refreshTokenId(short))).toMatchObject({
        expiresAtEpochSeconds: clock.now + 30,
        familyExpiresAtEpochSeconds: clock.now + 30,
      })
      expect((await store.find(refreshTokenId(long)))?.familyExpiresAtEpochSeconds).toBe(
        clock.now + 250,
      )
    },
  )

  test('lifetimes: impossible values are refused at the start', { tags: ['A-07'] }, () => {
    const store = createMemoryRefreshTokenStore()
    for (const lifetimes of [
      { idleSeconds: 0, absoluteSeconds: 10 },
      { idleSeconds: 1.5, absoluteSeconds: 10 },
      { idleSeconds: 11, absoluteSeconds: 10 },
    ]) {
      expect(() => createRefreshTokenRotation(store, { successorKey, lifetimes })).toThrow(
        expect.objectContaining({ code: 'LIFETIME_INVALID' }),
      )
    }
  })
})

test(
  'rotation: revoking any token of a family, also a superseded one, revokes the family',
  { tags: ['A-11'] },
  async () => {
    const { tokens } = rotation()
    const first = await tokens.issue('family', 'alice')
    const second = successorOf(await tokens.redeem(first))
    expect(await tokens.revoke(first)).toBe(true)
    expect(await tokens.redeem(second)).toEqual({ outcome: 'refused', reason: 'unknown' })
    expect(await tokens.revoke(first)).toBe(false)
  },
)

test('rotation: the store never sees a token', { tags: ['A-06'] }, async () => {
  const store = createMemoryRefreshTokenStore<string>()
  const seen: RefreshTokenRecord<string>[] = []
  const tokens = createRefreshTokenRotation(
    {
      ...store,
      async insert(record) {
        seen.push(record)
        await store.insert(record)
      },
      async supersede(id, successor, at) {
        seen.push(successor)
        return await store.supersede(id, successor, at)
      },
    },
    { successorKey, overlapSeconds: 0 },
  )
  const first = await tokens.issue('family', 'alice')
  const second = successorOf(await tokens.redeem(first))
  expect(seen).toHaveLength(2)
  for (const token of [first, second]) expect(JSON.stringify(seen)).not.toContain(token)
})

test('successors: depend only on the token and the key', { tags: ['A-06'] }, () => {
  const derive = successorDerivation(successorKey)
  const other = successorDerivation(new Uint8Array(32).fill(8))
  expect(derive('token')).toBe(successorDerivation(successorKey)('token'))
  expect(derive('token')).not.toBe(other('token'))
  expect(derive('token')).not.toBe(derive('tokeN'))
  expect(() => successorDerivation(new Uint8Array(31))).toThrow(
    expect.objectContaining({ code: 'SUCCESSOR_KEY_TOO_SHORT' }),
  )
})

test(
  'rotation: a superseded token whose successor is missing revokes the family',
  { tags: ['A-05'] },
  () => {
    const record = {
      id: 'a',
      familyId: 'f',
      issuedAtEpochSeconds: 0,
      expiresAtEpochSeconds: 100,
      familyExpiresAtEpochSeconds: 100,
      supersededAtEpochSeconds: 10,
      successorId: 'b',
      data: null,
    }
    expect(decideRotation(record, undefined, 11)).toEqual({
      action: 'revoke-family',
      reason: 'successor-missing',
    })
  },
)
