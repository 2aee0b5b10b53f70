import { findEmulatedServer } from '@evergrant/reference-as/emulation'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { runMonth, runPerfectMonth } from '../src/run/run-month.ts'
import { runTask } from '../src/run/run-task.ts'
import { allProducts, forcedCount, processCounts, publishedSeed } from '../src/run/tables.ts'
import { productRules } from '../src/server/product-rules.ts'
import { computeDigestsAtOnce } from '../src/time/immediate-digests.ts'
import { situations } from '../src/world/month.ts'
import type { Situation } from '../src/world/month.ts'

beforeAll(() => {
  computeDigestsAtOnce()
  // The SDKs warn about each failed refresh.
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})

function settings(product: string, situation: Situation, processes: number, seed = publishedSeed) {
  const server = findEmulatedServer(product)
  if (server === undefined) throw new Error(`There is no emulated product ${product}.`)
  return { rules: productRules(server), situation, processes, seed }
}

const issuing = allProducts().filter(({ emulation }) => emulation.publicClients !== 'get-none')

describe.each(processCounts)('a month with everything and %i processes', (processes) => {
  test.each(issuing)(
    'evergrant at $name: as many sign-ins as the server forces',
    { tags: ['C-52', 'C-53'] },
    async ({ name }) => {
      const month = settings(name, 'everything', processes)
      const { forced } = await runPerfectMonth(month)
      const { counts, refusedWith } = await runMonth('ours', month)
      expect(refusedWith).toBeUndefined()
      expect(counts.signIns).toBe(forcedCount(forced))
      expect(counts.resets).toBe(0)
    },
  )
})

test.each(processCounts)(
  'a month with everything and %i processes: evergrant at a server without refresh tokens signs in no earlier than it must',
  { tags: ['C-05'] },
  async (processes) => {
    const month = settings('spring', 'everything', processes)
    const { forced } = await runPerfectMonth(month)
    const { counts } = await runMonth('ours', month)
    expect(counts.signIns).toBeLessThanOrEqual(forcedCount(forced))
  },
)

test.each(situations)(
  'a month, %s: evergrant signs in as often as a server with grace forces, also with other seeds',
  async (situation) => {
    for (const seed of [2, 3]) {
      const month = settings('workos', situation, 4, seed)
      const { forced } = await runPerfectMonth(month)
      const { counts } = await runMonth('ours', month)
      expect(counts.signIns).toBe(forcedCount(forced))
    }
  },
)

describe('fairness', () => {
  test.each(['sdk-v1', 'sdk-v2', 'mcp-remote'] as const)(
    '%s: keeps one sign-in for a month without faults at a server that does not rotate',
    async (client) => {
      const { counts } = await runMonth(client, settings('lemonldap', 'nothing', 1))
      expect(counts).toMatchObject({ signIns: 1, pages: 1, failedCalls: 0, refusedRefreshes: 0 })
      expect(counts.refreshes).toBeGreaterThan(100)
    },
  )

  test.each(['sdk-v1-offline', 'sdk-v2', 'mcp-remote'] as const)(
    '%s: keeps one sign-in for a month without faults with one process at a server without grace',
    async (client) => {
      const { counts } = await runMonth(client, settings('oidc-provider', 'nothing', 1))
      expect(counts).toMatchObject({ signIns: 1, failedCalls: 0, refusedRefreshes: 0 })
    },
  )

  test('every client meets the same faults: the forced number does not depend on the client', async () => {
    const one = await runPerfectMonth(settings('oidc-provider', 'lost-responses', 1))
    const four = await runPerfectMonth(settings('oidc-provider', 'lost-responses', 4))
    expect(one.forced).toEqual(four.forced)
    expect(one.forced.lost).toBe(8)
  })
})

test('a month: the same seed gives the same counts, and another seed gives others', async () => {
  const task = { product: 'oidc-provider', situation: 'everything', processes: 4 } as const
  const first = await runTask({ ...task, seed: 7 })
  expect(await runTask({ ...task, seed: 7 })).toEqual(first)
  expect(await runTask({ ...task, seed: 8 })).not.toEqual(first)
})
