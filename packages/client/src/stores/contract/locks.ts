import type { ContractCheck } from './check.ts'
import { acquired, hold, one, other, sameIdOtherKind } from './check.ts'

/** Checks of locks. */
export const lockChecks: readonly ContractCheck[] = [
  {
    name: 'a lock has one holder at a time, and a waiting process gets it next',
    async check(open) {
      const [mine, theirs] = [await open(), await open()]
      const lock = await acquired(mine.lock(one))
      hold(lock.isHeld(), 'a new lock is held')
      hold((await theirs.lock(one)).outcome === 'busy', 'without a wait the outcome is busy')
      const short = await theirs.lock(one, { waitMilliseconds: 30 })
      hold(short.outcome === 'busy', 'a wait that ends before the release has the outcome busy')
      const waiting = theirs.lock(one, { waitMilliseconds: 20_000 })
      await lock.release()
      await lock.release()
      hold(!lock.isHeld(), 'a released lock is not held')
      await (await acquired(waiting)).release()
    },
  },
  {
    name: 'locks of different records are independent',
    async check(open) {
      const store = await open()
      const locks = [
        await acquired(store.lock(one)),
        await acquired(store.lock(other)),
        await acquired(store.lock(sameIdOtherKind)),
      ]
      await Promise.all(locks.map((lock) => lock.release()))
    },
  },
  {
    name: 'a wait for a lock that is aborted leaves the lock free',
    async check(open) {
      const [mine, theirs] = [await open(), await open()]
      const lock = await acquired(mine.lock(one))
      const abort = new AbortController()
      const waiting = theirs.lock(one, { waitMilliseconds: 20_000, signal: abort.signal })
      abort.abort(new Error('stopped waiting'))
      hold(
        await waiting.then(
          () => false,
          () => true,
        ),
        'the wait rejects when its signal aborts',
      )
      await lock.release()
      await (await acquired(theirs.lock(one, { waitMilliseconds: 20_000 }))).release()
    },
  },
  {
    name: 'an aborted signal gets no lock',
    async check(open) {
      const store = await open()
      const rejected = await store
        .lock(one, { waitMilliseconds: 20_000, signal: AbortSignal.abort(new Error('too late')) })
        .then(
          () => false,
          () => true,
        )
      hold(rejected, 'the attempt rejects')
      await (await acquired(store.lock(one))).release()
    },
  },
  {
    name: 'a lock does not prevent reads and writes',
    async check(open) {
      const [holder, writer] = [await open(), await open()]
      const lock = await acquired(holder.lock(one))
      hold((await writer.write(one, '1', 0)).outcome === 'written', 'other processes can write')
      hold((await writer.read(one))?.body === '1', 'other processes can read')
      hold(lock.isHeld(), 'the lock is still held')
      await lock.release()
    },
  },
]
