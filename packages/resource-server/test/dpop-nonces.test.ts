import { expect, test } from 'vitest'
import { createResourceServer } from '../src/index.ts'
import type { AccessDecision, DpopOptions, ResourceServer } from '../src/index.ts'
import { resource, startBound } from './bound-token.ts'
import type { BoundToken } from './bound-token.ts'

/** Another process of the resource. */
function processOf({ as, clock }: BoundToken, dpop: DpopOptions): ResourceServer {
  return createResourceServer(resource, [as.issuer], { clock, dpop })
}

async function decideIn(
  process: ResourceServer,
  { key, claims, token }: BoundToken,
  nonce: string | undefined,
): Promise<AccessDecision> {
  return await process.authorize({
    authorization: `DPoP ${token}`,
    url: '/mcp',
    method: 'POST',
    dpop: await key.sign(claims({ nonce })),
  })
}

test(
  'dpop: processes with one secret accept the nonces of each other after one had no place for proofs',
  { tags: ['S-12'] },
  async () => {
    const dpop: DpopOptions = { nonce: 'always', nonceSecret: new Uint8Array(32).fill(7) }
    await using bound = await startBound({ ...dpop, maximumProofs: 1 })
    const second = processOf(bound, dpop)
    const { dpopNonce: nonce } = await decideIn(second, bound, undefined)
    expect((await decideIn(bound.resourceServer, bound, nonce)).allowed).toBe(true)
    const full = await decideIn(bound.resourceServer, bound, nonce)
    expect(full).toMatchObject({ reason: 'dpop-nonce-required', dpopNonce: expect.any(String) })
    expect(full.dpopNonce).not.toBe(nonce)
    expect((await decideIn(second, bound, full.dpopNonce)).allowed).toBe(true)
    expect((await decideIn(bound.resourceServer, bound, full.dpopNonce)).allowed).toBe(true)
    // The first process refuses nonces that were made before, and accepts the next ones of the second.
    bound.clock.advanceSeconds(601)
    const { dpopNonce: later } = await decideIn(second, bound, undefined)
    expect((await decideIn(bound.resourceServer, bound, later)).allowed).toBe(true)
  },
)

test('dpop: the nonce secret is copied', { tags: ['S-12'] }, async () => {
  const nonceSecret = new Uint8Array(32).fill(7)
  await using bound = await startBound({ nonce: 'always', nonceSecret })
  const second = processOf(bound, { nonce: 'always', nonceSecret: Uint8Array.from(nonceSecret) })
  nonceSecret.fill(0)
  const { dpopNonce: nonce } = await decideIn(bound.resourceServer, bound, undefined)
  expect((await decideIn(second, bound, nonce)).allowed).toBe(true)
})

test.each(['', 'x', '0'.repeat(43), `${'z'.repeat(7)}${'A'.repeat(36)}`, 'n'.repeat(5000)])(
  'dpop: refuses the forged nonce %j',
  { tags: ['S-12'] },
  async (nonce) => {
    await using bound = await startBound({ nonce: 'always' })
    const refused = await decideIn(bound.resourceServer, bound, nonce)
    expect(refused).toMatchObject({ reason: 'dpop-nonce-required', dpopNonce: expect.any(String) })
  },
)
