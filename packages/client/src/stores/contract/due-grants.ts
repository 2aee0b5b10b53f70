import type { ClaimedGrant, RecordStore } from '../store.ts'
import type { ContractCheck } from './check.ts'
import { hold, one, other, sameIdOtherKind } from './check.ts'

/** Longer than the checks run. */
const aLongTime = 3600

/** Checks of the index of due grants. */
export const dueChecks: readonly ContractCheck[] = [
  {
    name: 'a claim returns the grants that are due with their records, and says when the next one is due',
    async check(open) {
      const [writer, worker] = [await open(), await open()]
      await writer.write(one, 'due', 0, 0)
      await writer.write(other, 'later', 0, aLongTime)
      const { grants, nextDueInSeconds } = await claim(worker)
      hold(grants.length === 1, 'only the grant that is due is claimed')
      hold(grants[0]?.id === one.id, 'the claim names the grant')
      hold(grants[0]?.record?.body === 'due', 'the claim returns the body of the record')
      hold(grants[0]?.record?.generation === 1, 'the claim returns the generation of the record')
      hold(
        nextDueInSeconds > aLongTime / 2 && nextDueInSeconds <= aLongTime,
        'the time of the next grant is counted from now',
      )
      hold((await claim(writer)).grants.length === 0, 'a claimed grant is not claimed again')
      hold((await worker.read(one))?.generation === 1, 'a claim does not change the generation')
    },
  },
  {
    name: 'a claim takes no more than its limit, and the rest stays due',
    async check(open) {
      const store = await open()
      await store.write(one, '1', 0, 0)
      await store.write(other, '2', 0, 0)
      const first = await claim(store, { limit: 1 })
      hold(first.grants.length === 1, 'the limit is respected')
      hold(first.nextDueInSeconds === 0, 'another grant is due now')
      const second = await claim(store, { limit: 1 })
      hold(second.grants.length === 1, 'the next claim takes the other grant')
      hold(first.grants[0]?.id !== second.grants[0]?.id, 'the claims are different')
    },
  },
  {
    name: 'a claim ends after its time',
    async check(open) {
      const store = await open()
      await store.write(one, '1', 0, 0)
      hold((await claim(store, { claimSeconds: 0 })).grants.length === 1, 'a due grant is claimed')
      hold((await claim(store)).grants.length === 1, 'it is due again when the claim has ended')
    },
  },
  {
    name: 'concurrent claims return different grants',
    async check(open) {
      const first = await open()
      const stores = [first, await open(), await open(), await open()]
      const names = Array.from({ length: 40 }, (_, index) => ({
        kind: 'grant' as const,
        id: index.toString(16).padStart(64, '0'),
      }))
      await Promise.all(names.map((name) => first.write(name, '1', 0, 0)))
      const claimed: ClaimedGrant[] = []
      for (let round = 0; round < 20 && claimed.length < names.length; round += 1) {
        const claims = await Promise.all(stores.map((store) => claim(store, { limit: 3 })))
        claimed.push(...claims.flatMap(({ grants }) => grants))
      }
      hold(claimed.length === names.length, 'every due grant is claimed once')
      hold(new Set(claimed.map(({ id }) => id)).size === names.length, 'no grant is claimed twice')
    },
  },
  {
    name: 'a write sets when the grant is due, and a grant written without a time is due at once',
    async check(open) {
      const store = await open()
      await store.write(one, '1', 0, 0)
      await store.write(one, '2', 1, aLongTime)
      await store.write(other, '1', 0, Number.POSITIVE_INFINITY)
      const later = await claim(store)
      hold(later.grants.length === 0, 'a later write replaces the time')
      await store.write(one, '3', 2)
      await store.write(other, '2', 1)
      hold((await claim(store)).grants.length === 2, 'without a time, a grant is due at once')
    },
  },
  {
    name: 'a time that is set applies to its generation only',
    async check(open) {
      const store = await open()
      await store.write(one, '1', 0, 0)
      await store.due.set(one.id, 1, aLongTime)
      hold((await claim(store)).grants.length === 0, 'the time is set')
      hold((await store.read(one))?.body === '1', 'the record stays')
      await store.write(one, '2', 1, aLongTime)
      await store.due.set(one.id, 1, 0)
      hold((await claim(store)).grants.length === 0, 'the time of an older generation is not set')
      await store.due.set(one.id, 2, Number.POSITIVE_INFINITY)
      const { nextDueInSeconds } = await claim(store)
      hold(nextDueInSeconds === Number.POSITIVE_INFINITY, 'a grant can be due never')
      await store.due.set(one.id, 2, 0)
      hold((await claim(store)).grants.length === 1, 'a later time can be set')
    },
  },
  {
    name: 'only grants are due, and a removed one is not',
    async check(open) {
      const store = await open()
      await store.write(sameIdOtherKind, '1', 0)
      await store.write(one, '1', 0, 0)
      await store.remove(one, 1)
      await store.write(other, '1', 0, 0)
      await store.setAside(other, 1)
      const { grants, nextDueInSeconds } = await claim(store)
      hold(grants.length === 0, 'neither is claimed')
      hold(nextDueInSeconds === Number.POSITIVE_INFINITY, 'neither is due later')
    },
  },
  {
    name: 'the backlog counts the grants that are due',
    async check(open) {
      const store = await open()
      hold((await store.due.backlog()).grants === 0, 'an empty store has no backlog')
      hold((await store.due.backlog()).lateSeconds === 0, 'an empty store is not late')
      await store.write(one, '1', 0, 0)
      await store.write(other, '1', 0, aLongTime)
      const { grants, lateSeconds } = await store.due.backlog()
      hold(grants === 1, 'the grant that is due is counted')
      hold(lateSeconds >= 0 && lateSeconds < aLongTime, 'its lateness is measured from its time')
    },
  },
]

async function claim(
  store: RecordStore,
  options: { readonly limit?: number; readonly claimSeconds?: number } = {},
): ReturnType<RecordStore['due']['claim']> {
  return await store.due.claim({ limit: 100, claimSeconds: aLongTime, ...options })
}
