import { expect, test } from 'vitest'
import { counts } from '../src/counts.ts'
import { countManyExpiries, countOneExpiry } from '../src/scenarios/one-refresh.ts'

test.each(counts.processes)(
  'of %i processes with up to 500 callers each, one sends one refresh request',
  { tags: ['C-51'] },
  async (processes) => {
    for (const seen of await countOneExpiry(processes, counts.callers)) {
      expect(seen).toEqual({
        processes,
        callers: seen.callers,
        refreshRequests: 1,
        lostCalls: 0,
        tokens: 1,
        grantAlive: true,
      })
    }
  },
)

test(
  'expiry after expiry, 8 processes with 8 callers each lose neither a grant nor a call',
  { tags: ['C-50', 'C-51'], timeout: 300_000 },
  async () => {
    expect(await countManyExpiries(counts.expiries, 8, 8)).toEqual({
      expiries: counts.expiries,
      refreshRequests: counts.expiries,
      deadGrants: 0,
      lostCalls: 0,
    })
  },
)
