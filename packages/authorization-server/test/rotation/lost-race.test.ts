import { expect, test } from 'vitest'
import { createMemoryRefreshTokenStore, createRefreshTokenRotation } from '../../src/index.ts'
import type { RefreshTokenStore } from '../../src/index.ts'

const successorKey = new Uint8Array(32).fill(7)

/** Another request supersedes first. Then `change` runs, before the rule decides again. */
function lostRace(change: (store: RefreshTokenStore<string>) => Promise<void>) {
  const clock = { now: 1_000_000 }
  const store = createMemoryRefreshTokenStore<string>()
  const tokens = createRefreshTokenRotation(
    {
      ...store,
      async supersede(id, successor, at) {
        await store.supersede(id, successor, at)
        await change(store)
        return 'already-superseded'
      },
    },
    {
      successorKey,
      overlapSeconds: 0,
      lifetimes: { idleSeconds: 100, absoluteSeconds: 500 },
      clock: { nowEpochSeconds: () => clock.now },
    },
  )
  return { clock, tokens }
}

test('rotation: the record of a replayed token is the stored one', { tags: ['A-06'] }, async () => {
  const { clock, tokens } = lostRace(async () => {
    clock.now += 5
  })
  const first = await tokens.issue('family', 'alice')
  expect(await tokens.redeem(first)).toMatchObject({
    outcome: 'replayed',
    record: { issuedAtEpochSeconds: 1_000_000 },
  })
})

test.each<[string, string, number | 'revoked']>([
  ['expired', 'expired', 100],
  ['was revoked', 'revoked', 'revoked'],
])(
  'rotation: a token that %s in the meantime is refused',
  { tags: ['A-05', 'A-07'] },
  async (_, reason, change) => {
    const { clock, tokens } = lostRace(async (store) => {
      if (change === 'revoked') await store.revokeFamily('family')
      else clock.now += change
    })
    const first = await tokens.issue('family', 'alice')
    expect(await tokens.redeem(first)).toEqual({ outcome: 'refused', reason })
  },
)
