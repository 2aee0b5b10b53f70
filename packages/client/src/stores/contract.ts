import type { HeldLock, LockOutcome, RecordName, RecordStore } from './store.ts'

/** One promise of {@link RecordStore}, as a check to run in any test framework. */
export interface StoreContractCheck {
  readonly name: string
  /** Rejects with an `Error` that says what was promised and what happened. */
  readonly run: () => Promise<void>
}

/** How the contract opens stores. */
export interface StoreContractSubject {
  /**
   * Opens a store over the same records each time it is called within one check: a second call is
   * what another process would open.
   */
  open(): Promise<RecordStore>
  /** Makes the records empty; called before each check. */
  reset(): Promise<void>
}

/**
 * The checks that every record store has to pass.
 *
 * @example
 * for (const check of storeContract(subject)) test(check.name, check.run)
 */
export function storeContract(subject: StoreContractSubject): readonly StoreContractCheck[] {
  return contract.map(({ name, check }) => ({
    name,
    async run() {
      await subject.reset()
      const opened: RecordStore[] = []
      async function open(): Promise<RecordStore> {
        const store = await subject.open()
        opened.push(store)
        return store
      }
      try {
        await check(open)
      } finally {
        await Promise.all(opened.map((store) => store.close()))
      }
    },
  }))
}

type Check = (open: () => Promise<RecordStore>) => Promise<void>

const one: RecordName = { kind: 'grant', id: 'a'.repeat(64) }
const other: RecordName = { kind: 'grant', id: 'b'.repeat(64) }
const sameIdOtherKind: RecordName = { kind: 'binding', id: one.id }

const contract: readonly { readonly name: string; readonly check: Check }[] = [
  {
    name: 'a record that was never written is absent',
    async check(open) {
      const store = await open()
      hold((await store.read(one)) === undefined, 'reading it gives undefined')
      hold((await collect(store)).length === 0, 'it is not listed')
    },
  },
  {
    name: 'what one opening writes, another reads, with the generation of the write',
    async check(open) {
      const [writer, reader] = [await open(), await open()]
      const body = JSON.stringify({ text: 'ä€😀\u0000"\\' })
      const written = await writer.write(one, body, 0)
      hold(written.outcome === 'written', 'the first write expects generation 0')
      const read = await reader.read(one)
      hold(read?.body === body, 'the body comes back to the letter')
      hold(
        written.outcome === 'written' && read?.generation === written.generation,
        'the generation is the one that the write returned',
      )
    },
  },
  {
    name: 'each write raises the generation by one',
    async check(open) {
      const store = await open()
      for (let generation = 0; generation < 5; generation += 1) {
        const written = await store.write(one, `{"n":${generation}}`, generation)
        hold(
          written.outcome === 'written' && written.generation === generation + 1,
          `write ${generation + 1} makes generation ${generation + 1}`,
        )
      }
    },
  },
  {
    name: 'a write that expects another generation changes nothing',
    async check(open) {
      const store = await open()
      await store.write(one, '"first"', 0)
      for (const expected of [0, 2, 7]) {
        const written = await store.write(one, '"second"', expected)
        hold(written.outcome === 'conflict', `expecting ${expected} at generation 1 is a conflict`)
      }
      hold((await store.read(one))?.body === '"first"', 'the first body is still there')
    },
  },
  {
    name: 'of many concurrent writes that expect the same generation, exactly one succeeds',
    async check(open) {
      const stores = [await open(), await open(), await open()]
      for (let generation = 0; generation < 5; generation += 1) {
        const outcomes = await Promise.all(
          Array.from({ length: 12 }, (_, index) =>
            at(stores, index).write(one, `{"writer":${index}}`, generation),
          ),
        )
        const winners = outcomes.filter((written) => written.outcome === 'written')
        hold(winners.length === 1, `one of 12 writers wins; ${winners.length} did`)
        const winner = outcomes.findIndex((written) => written.outcome === 'written')
        hold(
          (await at(stores, 0).read(one))?.body === `{"writer":${winner}}`,
          'what is stored is what the winner wrote',
        )
      }
    },
  },
  {
    name: 'no increment is lost when many writers read, add and write under the lock',
    async check(open) {
      const stores = [await open(), await open(), await open(), await open()]
      const rounds = 10
      await Promise.all(
        stores.map(async (store) => {
          for (let round = 0; round < rounds; round += 1) {
            const lock = await acquired(store.lock(one, { waitMilliseconds: 20_000 }))
            const stored = await store.read(one)
            const count = stored === undefined ? 0 : Number(stored.body)
            const written = await store.write(one, String(count + 1), stored?.generation ?? 0)
            hold(written.outcome === 'written', 'under the lock there is no conflict')
            await lock.release()
          }
        }),
      )
      const total = (await at(stores, 0).read(one))?.body
      hold(
        total === String(stores.length * rounds),
        `all ${stores.length * rounds} count; ${total} did`,
      )
    },
  },
  {
    name: 'a lock is held by one at a time, and goes to who waits',
    async check(open) {
      const [mine, theirs] = [await open(), await open()]
      const lock = await acquired(mine.lock(one))
      hold(lock.isHeld(), 'a lock just taken is held')
      hold((await theirs.lock(one)).outcome === 'busy', 'without waiting the answer is busy')
      const short = await theirs.lock(one, { waitMilliseconds: 30 })
      hold(short.outcome === 'busy', 'a wait that ends before the release ends with busy')
      const waiting = theirs.lock(one, { waitMilliseconds: 20_000 })
      await lock.release()
      await lock.release()
      hold(!lock.isHeld(), 'a released lock is not held')
      await (await acquired(waiting)).release()
    },
  },
  {
    name: 'locks of different records do not wait for each other',
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
    name: 'whoever stops waiting for a lock leaves it free for the next',
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
    name: 'who has stopped waiting before it asked is given no lock',
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
    name: 'records of different names and kinds do not touch each other',
    async check(open) {
      const store = await open()
      await store.write(one, '"one"', 0)
      await store.write(other, '"other"', 0)
      await store.write(sameIdOtherKind, '"binding"', 0)
      hold((await store.read(one))?.body === '"one"', 'the first keeps its body')
      hold((await collect(store)).join() === [one.id, other.id].join(), 'a kind lists its own IDs')
      hold((await store.remove(one, 1)) === 'removed', 'removing the stored generation works')
      hold((await store.read(sameIdOtherKind))?.body === '"binding"', 'the other kind stays')
    },
  },
  {
    name: 'removing expects the stored generation',
    async check(open) {
      const store = await open()
      await store.write(one, '1', 0)
      await store.write(one, '2', 1)
      hold((await store.remove(one, 1)) === 'conflict', 'an older generation is a conflict')
      hold((await store.read(one))?.body === '2', 'the record is still there')
      hold((await store.remove(one, 2)) === 'removed', 'the stored generation is removed')
      hold((await store.read(one)) === undefined, 'and the record is gone')
    },
  },
  {
    name: 'what is not there can be removed only by who knows that it is not there',
    async check(open) {
      const store = await open()
      hold((await store.remove(one, 0)) === 'removed', 'generation 0 is that of an absent record')
      hold((await store.remove(one, 1)) === 'conflict', 'any other generation is a conflict')
      await store.write(one, '1', 0)
      hold((await store.remove(one, 0)) === 'conflict', 'a record that exists has another')
      hold((await store.read(one))?.body === '1', 'and it stays')
    },
  },
  {
    name: 'of many concurrent removals, exactly one succeeds',
    async check(open) {
      const stores = [await open(), await open(), await open()]
      await at(stores, 0).write(one, '1', 0)
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, index) => at(stores, index).remove(one, 1)),
      )
      const winners = outcomes.filter((outcome) => outcome === 'removed')
      hold(winners.length === 1, `one of 12 removes the record; ${winners.length} did`)
    },
  },
  {
    name: 'a holder whose lock is gone cannot overwrite what the next holder wrote',
    async check(open) {
      const [late, next] = [await open(), await open()]
      const lock = await acquired(late.lock(one))
      const first = await late.write(one, '"late"', 0)
      hold(first.outcome === 'written', 'the holder writes')
      await lock.release()
      const nextLock = await acquired(next.lock(one))
      const read = await next.read(one)
      await next.write(one, '"next"', read?.generation ?? 0)
      const overwriting = await late.write(one, '"late again"', first.generation)
      hold(
        overwriting.outcome === 'conflict',
        'a write that knows no newer generation is a conflict',
      )
      hold((await next.read(one))?.body === '"next"', 'what the next holder wrote stays')
      await nextLock.release()
    },
  },
  {
    name: 'a lock keeps nobody from reading and writing',
    async check(open) {
      const [holder, writer] = [await open(), await open()]
      const lock = await acquired(holder.lock(one))
      hold((await writer.write(one, '1', 0)).outcome === 'written', 'others can write')
      hold((await writer.read(one))?.body === '1', 'others can read')
      hold(lock.isHeld(), 'the lock is still held')
      await lock.release()
    },
  },
  {
    name: 'an age, where the store tells one, is that of the last write',
    async check(open) {
      const [writer, reader] = [await open(), await open()]
      await writer.write(one, '1', 0)
      await writer.write(one, '2', 1)
      const age = (await reader.read(one))?.ageSeconds
      hold(age === undefined || (age >= 0 && age < 60), `a new record is not ${age} s old`)
    },
  },
  {
    name: 'every record of a kind is listed once',
    async check(open) {
      const store = await open()
      const ids = Array.from({ length: 40 }, (_, index) =>
        ((index * 37) % 256).toString(16).padStart(2, '0').repeat(32),
      )
      for (const id of ids) await store.write({ kind: 'grant', id }, '1', 0)
      hold((await collect(store)).join() === ids.sort().join(), 'all 40, and each of them once')
    },
  },
  {
    name: 'a record set aside frees its name',
    async check(open) {
      const store = await open()
      await store.write(one, '"odd"', 0)
      await store.setAside(one, 1)
      await store.setAside(one, 1)
      hold((await store.read(one)) === undefined, 'its name is free')
      hold((await collect(store)).length === 0, 'it is not listed')
      hold(
        (await store.write(one, '"new"', 0)).outcome === 'written',
        'a new record can be written',
      )
    },
  },
  {
    name: 'a record that was written anew is not set aside',
    async check(open) {
      const [late, writer] = [await open(), await open()]
      await writer.write(one, '"odd"', 0)
      await writer.write(one, '"mended"', 1)
      await late.setAside(one, 1)
      hold((await writer.read(one))?.body === '"mended"', 'what was written since stays')
      await late.setAside(other, 0)
      hold((await collect(writer)).join() === one.id, 'what is not there is no error')
    },
  },
  {
    name: 'a large body comes back whole',
    async check(open) {
      const store = await open()
      const body = JSON.stringify('x'.repeat(200_000))
      await store.write(one, body, 0)
      hold((await store.read(one))?.body === body, '200,000 characters survive')
    },
  },
]

function hold(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`The store breaks a promise: ${promise}.`)
}

async function acquired(locking: Promise<LockOutcome>): Promise<HeldLock> {
  const outcome = await locking
  hold(outcome.outcome === 'acquired', `a free lock is acquired, not ${outcome.outcome}`)
  return outcome.lock
}

async function collect(store: RecordStore): Promise<string[]> {
  const ids: string[] = []
  for await (const id of store.list('grant')) ids.push(id)
  return ids.sort()
}

function at(stores: readonly RecordStore[], index: number): RecordStore {
  const store = stores[index % stores.length]
  hold(store !== undefined, 'a store was opened')
  return store
}
