import { expect, test } from 'vitest'
import { createResourceServer } from '../src/index.ts'
import type { AccessDecision } from '../src/index.ts'
import { resource, startBound } from './bound-token.ts'
import { proofKey, tokenHash } from './proofs.ts'

test('dpop: a proof is used once, until it has expired', { tags: ['S-12'] }, async () => {
  await using bound = await startBound()
  const { clock } = bound
  const proof = await bound.key.sign(bound.claims())
  expect((await bound.decide(proof)).allowed).toBe(true)
  expect(await bound.decide(proof)).toMatchObject({
    status: 401,
    reason: 'dpop-proof-replayed',
    error: 'invalid_dpop_proof',
  })
  clock.advanceSeconds(65)
  expect(await bound.decide(proof)).toMatchObject({ reason: 'dpop-proof-replayed' })
  clock.advanceSeconds(1)
  expect(await bound.decide(proof)).toMatchObject({ reason: 'dpop-proof-expired' })
})

test('dpop: two clients may choose the same jti', { tags: ['S-12'] }, async () => {
  await using bound = await startBound()
  const key = await proofKey()
  const token = await bound.as.signAccessToken({
    scope: 'mcp:read',
    resource,
    claims: { cnf: { jkt: key.thumbprint } },
  })
  expect((await bound.decide(await bound.key.sign(bound.claims({ jti: '1' })))).allowed).toBe(true)
  const proof = await key.sign(bound.claims({ jti: '1', ath: await tokenHash(token) }))
  expect((await bound.decide(proof, { token })).allowed).toBe(true)
})

test('dpop: a replay that is sent at the same time is refused', { tags: ['S-12'] }, async () => {
  await using bound = await startBound()
  const proof = await bound.key.sign(bound.claims())
  const decisions = await Promise.all(Array.from({ length: 10 }, () => bound.decide(proof)))
  expect(decisions.filter((decision) => decision.allowed)).toHaveLength(1)
})

test('dpop: always asks for its nonce by option', { tags: ['S-12', 'S-13'] }, async () => {
  await using bound = await startBound({ nonce: 'always' })
  const { key, claims, clock } = bound
  const first = await bound.decide(await key.sign(claims()))
  expect(first).toMatchObject({
    status: 401,
    reason: 'dpop-nonce-required',
    error: 'use_dpop_nonce',
    dpopNonce: expect.stringMatching(/^[\w-]{43}$/),
  })
  const nonce = first.dpopNonce
  const second = await bound.decide(await key.sign(claims({ nonce })))
  expect(second).toMatchObject({ allowed: true })
  expect(second.dpopNonce).toBeUndefined()
  expect(await bound.decide(await key.sign(claims({ nonce: 'forged' })))).toMatchObject({
    reason: 'dpop-nonce-required',
  })
  clock.advanceSeconds(300)
  // Still accepted, with the next one in the response.
  const third = await bound.decide(await key.sign(claims({ nonce })))
  expect(third).toMatchObject({ allowed: true, dpopNonce: expect.any(String) })
  expect(third.dpopNonce).not.toBe(nonce)
  clock.advanceSeconds(300)
  expect(await bound.decide(await key.sign(claims({ nonce })))).toMatchObject({
    reason: 'dpop-nonce-required',
  })
})

test(
  'dpop: processes with one secret accept the nonces of each other',
  { tags: ['S-12'] },
  async () => {
    const nonceSecret = new Uint8Array(32).fill(7)
    await using bound = await startBound({ nonce: 'always', nonceSecret })
    const { as, clock, key, claims, token } = bound
    const second = createResourceServer(resource, [as.issuer], {
      clock,
      dpop: { nonce: 'always', nonceSecret },
    })
    const { dpopNonce: nonce } = await bound.decide(await key.sign(claims()))
    const decision = await second.authorize({
      authorization: `DPoP ${token}`,
      url: '/mcp',
      method: 'POST',
      dpop: await key.sign(claims({ nonce })),
    })
    expect(decision.allowed).toBe(true)
  },
)

test(
  'dpop: asks for a nonce while there is no place for used proofs, and refuses every older proof',
  { tags: ['S-12'] },
  async () => {
    let isFull = false
    await using bound = await startBound({
      replays: { use: () => (isFull ? 'full' : 'first-use') },
    })
    const { key, claims, clock } = bound
    const older = await key.sign(claims())
    expect((await bound.decide(older)).allowed).toBe(true)
    isFull = true
    const refused = await bound.decide(await key.sign(claims()))
    expect(refused).toMatchObject({ reason: 'dpop-nonce-required', dpopNonce: expect.any(String) })
    isFull = false
    // The store has forgotten it, so the nonce must prevent the replay.
    expect(await bound.decide(older)).toMatchObject({ reason: 'dpop-nonce-required' })
    const next = await key.sign(claims({ nonce: refused.dpopNonce }))
    expect((await bound.decide(next)).allowed).toBe(true)
    clock.advanceSeconds(70)
    expect(await bound.decide(older)).toMatchObject({ reason: 'dpop-proof-expired' })
    expect((await bound.decide(await key.sign(claims()))).allowed).toBe(true)
  },
)

test(
  'dpop: remembers a limited number of proofs, and forgets those that have expired',
  { tags: ['S-12'] },
  async () => {
    await using bound = await startBound({ maximumProofs: 2 })
    const { key, claims, clock } = bound
    const next = async (): Promise<AccessDecision> => await bound.decide(await key.sign(claims()))
    const outcomes = [await next(), await next()]
    clock.advanceSeconds(70)
    outcomes.push(await next(), await next())
    expect(outcomes.map((decision) => decision.allowed)).toEqual([true, true, true, true])
    const full = await next()
    expect(full).toMatchObject({ reason: 'dpop-nonce-required' })
    const nonce = full.dpopNonce
    expect((await bound.decide(await key.sign(claims({ nonce })))).allowed).toBe(true)
  },
)

test('dpop: 503 if the configured replay store fails', { tags: ['S-18'] }, async () => {
  await using bound = await startBound({
    replays: { use: async () => await Promise.reject(new Error('no connection')) },
  })
  expect(await bound.decide(await bound.key.sign(bound.claims()))).toMatchObject({
    status: 503,
    challenge: undefined,
    cause: { code: 'OPTION_FAILED', message: expect.stringContaining('dpop.replays failed') },
  })
})

test('dpop: names the option that fails', { tags: ['S-18'] }, async () => {
  await using bound = await startBound({
    requestUrl() {
      throw new Error('no base URL')
    },
  })
  expect(await bound.decide(await bound.key.sign(bound.claims()))).toMatchObject({
    status: 503,
    cause: { code: 'OPTION_FAILED', message: expect.stringContaining('dpop.requestUrl failed') },
  })
})

test(
  'dpop: a proof with a time in the future is remembered until it has expired',
  { tags: ['S-12'] },
  async () => {
    await using bound = await startBound()
    const { key, claims, clock } = bound
    const proof = await key.sign(claims({ iat: clock.nowEpochSeconds() + 5 }))
    expect((await bound.decide(proof)).allowed).toBe(true)
    clock.advanceSeconds(70)
    expect(await bound.decide(proof)).toMatchObject({ reason: 'dpop-proof-replayed' })
  },
)

test(
  'dpop: a replay that is sent while the memory becomes full is refused',
  { tags: ['S-12'] },
  async () => {
    await using bound = await startBound({ maximumProofs: 1 })
    const { key, claims } = bound
    const used = await key.sign(claims())
    expect((await bound.decide(used)).allowed).toBe(true)
    const next = await key.sign(claims())
    const decisions = [bound.decide(next), bound.decide(used), bound.decide(used)]
    expect((await Promise.all(decisions)).map(({ allowed }) => allowed)).toEqual([
      false,
      false,
      false,
    ])
  },
)

test(
  'dpop: a clock that was set back makes no proof usable again',
  { tags: ['S-12'] },
  async () => {
    let now = 1_800_000_000
    await using bound = await startBound({}, { clock: { nowEpochSeconds: () => now } })
    const { key, claims } = bound
    const used = await key.sign(claims())
    expect((await bound.decide(used)).allowed).toBe(true)
    now += 300
    expect((await bound.decide(await key.sign(claims({ iat: now })))).allowed).toBe(true)
    now -= 300
    const refused = await bound.decide(used)
    expect(refused).toMatchObject({ reason: 'dpop-nonce-required' })
    expect(await bound.decide(used)).toMatchObject({ reason: 'dpop-nonce-required' })
    const next = await key.sign(claims({ nonce: refused.dpopNonce }))
    expect((await bound.decide(next)).allowed).toBe(true)
  },
)
