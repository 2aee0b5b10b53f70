import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { full } from '../src/counts.ts'
import { canSuspend, cannotSuspend } from '../src/platform.ts'
import { interruptProcesses } from '../src/scenarios/process-kills.ts'
import { harnessSeed, randomIntegers } from '../src/random.ts'
import { testedStores } from './support/stores.ts'

if (!canSuspend) process.stderr.write(`\n  NOTE: ${cannotSuspend}\n\n`)

const intact = {
  errorsOfOthers: {},
  recordsLost: 0,
  recordsTorn: 0,
  setAside: 0,
  leftovers: { after: 0 },
}

for (const { store, counts, available } of testedStores('process kills')) {
  const interruptions = {
    store,
    kills: counts.kills,
    stops: canSuspend ? counts.stops : 0,
    processes: 4,
    callers: 4,
    random: randomIntegers(harnessSeed),
  }

  describe.runIf(available)(`over ${store}`, () => {
    // Grace changes only the server's part. Over databases, the full run covers it.
    test.runIf(store === 'file' || full)(
      'process killed or suspended at any step, server with grace: no sign-in is lost',
      { tags: ['C-51', 'C-52'], timeout: 900_000 },
      async () => {
        const seen = await interruptProcesses({ ...interruptions, graceSeconds: 60 })
        expect(seen).toMatchObject({ ...intact, forcedSignIns: [] })
      },
    )

    test(
      'process killed or suspended at any step, server without grace: only kills between commit and save cost a sign-in',
      { tags: ['C-51', 'C-52'], timeout: 900_000 },
      async () => {
        const seen = await interruptProcesses({ ...interruptions, graceSeconds: 0 })
        expect(seen).toMatchObject({
          ...intact,
          forcedSignIns: seen.lossyKills,
        })
        // Two of the ten interruption points lie between the commit and the save.
        expect(seen.lossyKills.length).toBeGreaterThanOrEqual(Math.floor(counts.kills / 10) * 2)
      },
    )
  })
}
