import type { ContractCheck } from './check.ts'
import { collect, hold, one, other, sameIdOtherKind } from './check.ts'

/** Checks of reading, writing and listing. */
export const readAndWriteChecks: readonly ContractCheck[] = [
  {
    name: 'an unwritten record is absent',
    async check(open) {
      const store = await open()
      hold((await store.read(one)) === undefined, 'reading it returns undefined')
      hold((await collect(store)).length === 0, 'it is not listed')
    },
  },
  {
    name: 'a record written by one store is read by another, with its generation',
    async check(open) {
      const [writer, reader] = [await open(), await open()]
      const body = JSON.stringify({ text: 'ä€😀\u0000"\\' })
      const written = await writer.write(one, body, 0)
      hold(written.outcome === 'written', 'the first write expects generation 0')
      const read = await reader.read(one)
      hold(read?.body === body, 'the body is returned unchanged')
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
    name: 'a large body is returned completely',
    async check(open) {
      const store = await open()
      const body = JSON.stringify('x'.repeat(200_000))
      await store.write(one, body, 0)
      hold((await store.read(one))?.body === body, '200,000 characters are returned')
    },
  },
  {
    name: 'the age of a record, if the store knows it, counts from the last write',
    async check(open) {
      const [writer, reader] = [await open(), await open()]
      await writer.write(one, '1', 0)
      await writer.write(one, '2', 1)
      const age = (await reader.read(one))?.ageSeconds
      hold(age === undefined || (age >= 0 && age < 60), `a new record is not ${age} s old`)
    },
  },
  {
    name: 'records of different names and kinds are independent',
    async check(open) {
      const store = await open()
      await store.write(one, '"one"', 0)
      await store.write(other, '"other"', 0)
      await store.write(sameIdOtherKind, '"binding"', 0)
      hold((await store.read(one))?.body === '"one"', 'the first record keeps its body')
      hold((await collect(store)).join() === [one.id, other.id].join(), 'a kind lists its own IDs')
      hold((await store.remove(one, 1)) === 'removed', 'the stored generation is removed')
      hold(
        (await store.read(sameIdOtherKind))?.body === '"binding"',
        'the record of the other kind stays',
      )
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
      hold((await collect(store)).join() === ids.sort().join(), 'all 40 are listed, each once')
    },
  },
]
