import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { full } from '../src/counts.ts'
import { canSuspend, cannotSuspend } from '../src/platform.ts'
import { strike } from '../src/scenarios/process-kills.ts'
import { testedStores } from './support/stores.ts'

if (!canSuspend) process.stderr.write(`\n  NOTE: ${cannotSuspend}\n\n`)

const intact = {
  errorsOfOthers: {},
  recordsLost: 0,
  recordsTorn: 0,
  setAside: 0,
  leftovers: { after: 0 },
}

for (const { store, counts, available } of testedStores('strikes')) {
  const strikes = {
    store,
    kills: counts.kills,
    stops: canSuspend ? counts.stops : 0,
    processes: 4,
    callers: 4,
  }

  describe.runIf(available)(`over ${store}`, () => {
    // What grace changes is the server's part: over a database the full run shows it.
    test.runIf(store === 'file' || full)(
      'killed or suspended at any step, a process costs nobody a sign-in where the server has grace',
      { tags: ['C-51', 'C-52'], timeout: 900_000 },
      async () => {
        const seen = await strike({ ...strikes, graceSeconds: 60 })
        expect(seen).toMatchObject({ ...intact, forcedSignIns: [] })
      },
    )

    test(
      'without grace, those killed between commit and save cost a sign-in each, and no others do',
      { tags: ['C-51', 'C-52'], timeout: 900_000 },
      async () => {
        const seen = await strike({ ...strikes, graceSeconds: 0 })
        expect(seen).toMatchObject({
          ...intact,
          forcedSignIns: seen.lossyKills.map((index) => `kill ${index}`),
        })
        // Two of the ten places where a process is struck lie between the commit and the save.
        expect(seen.lossyKills.length).toBeGreaterThanOrEqual(Math.floor(counts.kills / 10) * 2)
      },
    )
  })
}
