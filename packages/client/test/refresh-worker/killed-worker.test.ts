import { expect, test } from 'vitest'
import type { HeldLock, RecordStore } from '../../src/index.ts'
import { createRefreshWorker } from '../../src/refresh-worker.ts'
import { lifetimeSeconds, manyGrants } from '../support/many-grants.ts'

/** The store of a process that is killed at one of its calls. Its locks end with it. */
function killableStore(store: RecordStore, killAt: number, callIsApplied: boolean) {
  const locks: HeldLock[] = []
  let calls = 0
  let isDead = false

  async function call<Result>(apply: () => Promise<Result>): Promise<Result> {
    calls += 1
    const isLast = !isDead && calls === killAt
    const result = !isDead && (!isLast || callIsApplied) ? await apply() : undefined
    if (isLast) {
      isDead = true
      await Promise.all(locks.map((lock) => lock.release()))
    }
    if (isDead || result === undefined) await new Promise(() => undefined)
    return result as Result
  }

  const killable: RecordStore = {
    ...store,
    read: (name) =>
      call(async () => ({ found: await store.read(name) })).then(({ found }) => found),
    write: (...write) => call(() => store.write(...write)),
    lock: (...lock) =>
      call(async () => {
        const outcome = await store.lock(...lock)
        if (outcome.outcome === 'acquired') locks.push(outcome.lock)
        return outcome
      }),
    due: {
      claim: (claim) => call(() => store.due.claim(claim)),
      async set(...set) {
        await call(async () => {
          await store.due.set(...set)
          return 'set'
        })
      },
      backlog: () => store.due.backlog(),
    },
  }
  return { killable, isDead: () => isDead }
}

test.each([true, false])(
  'notices: are delivered within 5 s after a worker was killed at any call (applied before: %s)',
  { tags: ['C-53'] },
  async (callIsApplied) => {
    let reached = true
    let kills = 0
    const often = { interval: 5 }
    for (let killAt = 1; reached && killAt < 60; killAt += 1) {
      await using many = await manyGrants()
      const { clock, store } = many
      const grant = await many.signIn('ann')
      many.as.revokeGrant(grant.grantId)
      clock.advanceSeconds(lifetimeSeconds * 0.9)
      const delivered: string[] = []
      const onNeedsReauth = async ({ id }: { readonly id: string }): Promise<void> => {
        delivered.push(id)
      }
      const { killable, isDead } = killableStore(store, killAt, callIsApplied)
      const options = { clock, onNeedsReauth, random: () => 0 }
      const killed = createRefreshWorker(killable, options)
      void killed.start()
      await expect
        .poll(() => {
          if (!isDead()) clock.advanceSeconds(0.1)
          return isDead() || killed.stats().notified === 1
        }, often)
        .toBe(true)
      reached = isDead()
      if (reached) kills += 1
      const next = createRefreshWorker(store, options)
      await next.start()
      for (let half = 0; half < 10; half += 1) {
        await next.whenIdle()
        clock.advanceSeconds(0.5)
      }
      await next.whenIdle()
      expect(new Set(delivered).size, `killed at call ${killAt}`).toBe(1)
      expect((await grant.read())?.notice, `killed at call ${killAt}`).toBeUndefined()
      await next.stop()
    }
    expect(kills).toBeGreaterThan(10)
  },
)
