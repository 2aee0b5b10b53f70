import { startScriptedAuthorizationServer, virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import { parseGrant, serializeGrant } from '../../src/grant/grant-record.ts'
import { secondsUntilAbandoned } from '../../src/grant/lost-locks.ts'
import type { RecordStore } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { plainExchange, signedInGrant } from '../support/managed-grant.ts'

const requestTimeout = 15_000

test.each([
  ['a store that loses no locks', 2, undefined, 0],
  ['locks that were lost before the journal was written', 2, 3, 0],
  ['locks that were lost after the journal was written', 3, 2, 17],
  ['locks that may be lost now', 3, 0, 17],
  ['a request that has certainly ended', 20, 2, 0],
  ['a journal that is later than the clock', -5, 0, 20],
])(
  'lost locks: an abandoned refresh waits until its request has ended: %s',
  { tags: ['C-51'] },
  (_what, journalAge, droppedAgo, expected) => {
    const now = 1_800_000_000
    const pending = { startedAtEpochSeconds: now - journalAge, attempts: 1 }
    const lock = droppedAgo === undefined ? {} : { dropped: { secondsAgo: droppedAgo } }
    expect(secondsUntilAbandoned(pending, lock, now, requestTimeout)).toBe(expected)
  },
)

test.each([-300, 300])(
  'lost locks: the age of a journal does not depend on the clock of its writer, which is %i s ahead',
  { tags: ['C-51'] },
  (aheadSeconds) => {
    const now = 1_800_000_000
    const startedAtEpochSeconds = now - 3 + aheadSeconds
    const identity = { partition: 'ann', issuer: 'i', resource: 'r', clientId: 'c' }
    const body = serializeGrant(
      {
        identity,
        state: 'active',
        tokenSet: {
          accessToken: 'a',
          tokenType: 'Bearer',
          issuedAtEpochSeconds: startedAtEpochSeconds - 600,
          expiresAtEpochSeconds: startedAtEpochSeconds,
          refreshToken: 'r',
          scope: undefined,
        },
        pending: { startedAtEpochSeconds, attempts: 1 },
      },
      startedAtEpochSeconds,
    )
    const parsed = parseGrant({ generation: 2, body, ageSeconds: 3 }, identity, now)
    expect(parsed).toMatchObject({ grant: { pending: { startedAtEpochSeconds: now - 3 } } })
  },
)

test(
  'lost locks: a refresh that may be under way is not repeated, and its result is adopted',
  { tags: ['C-51', 'C-53'] },
  async () => {
    const clock = virtualClock()
    await using as = await startScriptedAuthorizationServer({
      clock,
      accessTokenLifetimeSeconds: 600,
      clients: [{ clientId: 'client-1' }],
      rotation: 'rotate',
      familyRevocation: true,
    })
    const store = withoutLocks(memoryStore({ clock }))
    const grant = await signedInGrant(as, store, clock)
    const answer = Promise.withResolvers<void>()
    const slow = await grant.manager({
      async exchange(stored) {
        const result = await plainExchange(as.tokenEndpoint)(stored)
        await answer.promise
        return result
      },
    })
    const other = await grant.manager()
    clock.advanceSeconds(600)
    const first = slow.getAccessToken()
    await expect.poll(() => as.refreshRequests()).toBe(1)
    const second = other.getAccessToken()
    await clock.untilSleeping()
    answer.resolve()
    const { value } = await first
    clock.advanceSeconds(20)
    expect((await second).value).toBe(value)
    expect(as.refreshRequests()).toBe(1)
    expect(as.isGrantAlive()).toBe(true)
  },
)

/** A store whose server has just been restarted, so that a lock excludes no earlier holder. */
function withoutLocks(store: RecordStore): RecordStore {
  return {
    ...store,
    async lock() {
      return {
        outcome: 'acquired',
        lock: { isHeld: () => true, release: async () => undefined, dropped: { secondsAgo: 0 } },
      }
    },
  }
}
