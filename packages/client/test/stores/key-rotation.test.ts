import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Clock, RecordKind, RecordName, RecordStore } from '../../src/index.ts'
import type { EncryptedRecordStore, StoreKeys } from '../../src/stores/key-rotation.ts'
import { reencryptRecords, storeKeyId } from '../../src/stores/key-rotation.ts'
import { fileStore } from '../../src/stores/file.ts'
import { reencryptAll } from '../support/rotate-key.ts'
import { noteMissing, sharedStores } from '../support/shared-stores.ts'

const [oldKey, newKey] = [randomBytes(32), randomBytes(32)]
const kinds: readonly RecordKind[] = [
  'grant',
  'binding',
  'registration',
  'authorization',
  'authorization-server',
  'revocation',
]
const one: RecordName = { kind: 'grant', id: 'c'.repeat(64) }
const fast = { recordsPerSecond: 1_000_000 }

/** Records of one test, and stores over them with different keys. */
interface Place {
  open(key: StoreKeys): Promise<EncryptedRecordStore>
  tamper(name: RecordName, change: (sealed: string) => string): Promise<void>
  close(): Promise<void>
}

async function folder(): Promise<Place> {
  const root = await mkdtemp(path.join(tmpdir(), 'evergrant-keys-'))
  return {
    open: (key) => fileStore(root, { key }),
    async tamper({ kind, id }, change) {
      const file = path.join(root, kind, `${id}.json`)
      await writeFile(file, change(await readFile(file, 'utf8')))
    },
    close: () => rm(root, { recursive: true, force: true }),
  }
}

const places = [
  { name: 'File store', url: 'file:', need: '', open: folder },
  ...sharedStores.map((kind) => ({
    ...kind,
    async open(): Promise<Place> {
      const shared = await kind.open()
      return {
        open: async (key) => (await shared.machine({ key })).store,
        tamper: (name, change) => shared.tamper(name, change),
        close: () => shared.close(),
      }
    },
  })),
]

for (const kind of sharedStores) noteMissing(`${kind.name}: key rotation`, kind)

async function scene(place: (typeof places)[number]) {
  const opened = await place.open()
  return {
    before: await opened.open(oldKey),
    // While the machines are updated, some encrypt with the old key and some with the new one.
    prepared: await opened.open([oldKey, newKey]),
    updated: await opened.open([newKey, oldKey]),
    after: await opened.open(newKey),
    tamper: (name: RecordName, change: (sealed: string) => string) => opened.tamper(name, change),
    [Symbol.asyncDispose]: () => opened.close(),
  }
}

for (const place of places) {
  describe.runIf(place.url !== undefined)(`${place.name}: key rotation`, () => {
    test(
      'key rotation: every key of the list opens records, and the first one encrypts',
      { tags: ['C-06', 'C-52'] },
      async () => {
        await using it = await scene(place)
        await it.before.write(one, '"old"', 0)
        expect((await it.prepared.read(one))?.body).toBe('"old"')
        expect((await it.updated.read(one))?.body).toBe('"old"')
        await it.prepared.write(one, '"prepared"', 1)
        expect((await it.before.read(one))?.body).toBe('"prepared"')
        await it.updated.write(one, '"updated"', 2)
        expect((await it.prepared.read(one))?.body).toBe('"updated"')
        expect((await it.after.read(one))?.body).toBe('"updated"')
      },
    )

    test(
      'key rotation: a record of a missing key is an error that names the key IDs',
      { tags: ['C-06', 'C-52'] },
      async () => {
        await using it = await scene(place)
        await it.updated.write(one, '"new"', 0)
        const reading = it.before.read(one)
        await expect(reading).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
        const message = await reading.catch((error: Error) => error.message)
        expect(message).toContain(storeKeyId(oldKey))
        expect(message).toContain(storeKeyId(newKey))
        expect(message).toContain('Add the key with that ID')
        expect(message).not.toContain(newKey.toString('base64'))
      },
    )

    test(
      'key rotation: re-encryption keeps body, generation, age and due time of every kind',
      { tags: ['C-06', 'C-52', 'C-55'] },
      async () => {
        await using it = await scene(place)
        const names = kinds.flatMap((kind) => [named(kind, 1), named(kind, 2), named(kind, 300)])
        for (const name of names) {
          await it.before.write(name, '"first"', 0, 3600)
          await it.before.write(name, JSON.stringify(name), 1, 3600)
        }
        const ages = await Promise.all(names.map((name) => ageOf(it.before, name)))
        const result = await reencryptRecords(it.updated, fast)
        expect(result).toMatchObject({ reencrypted: names.length, unreadable: 0, complete: true })
        for (const [index, name] of names.entries()) {
          const record = await it.after.read(name)
          expect(record).toMatchObject({ generation: 2, body: JSON.stringify(name) })
          expect(await ageOf(it.after, name)).toBeGreaterThanOrEqual(ages[index] ?? 0)
        }
        const { grants, nextDueInSeconds } = await claimAll(it.after)
        expect(grants).toEqual([])
        expect(nextDueInSeconds).toBeGreaterThan(3000)
        // The next pass has nothing to do.
        expect(await reencryptRecords(it.updated, fast)).toMatchObject({ reencrypted: 0, pass: 1 })
      },
    )
  })

  describe.runIf(place.url !== undefined)(`${place.name}: interrupted re-encryption`, () => {
    test(
      'key rotation: re-encryption during writes loses no write',
      { tags: ['C-51', 'C-52'] },
      async () => {
        await using it = await scene(place)
        const names = Array.from({ length: 3 }, (_, index) => named('grant', index))
        for (const name of names) await it.before.write(name, '0', 0, 3600)
        let isRunning = true
        const writers = [it.prepared, it.updated].flatMap((store) =>
          names.map((name) => countUp(store, name, () => isRunning)),
        )
        await reencryptRecords(it.updated, fast)
        isRunning = false
        const counts = await Promise.all(writers)
        for (const [index, name] of names.entries()) {
          const written = (counts[index] ?? 0) + (counts[index + names.length] ?? 0)
          expect(written).toBeGreaterThan(0)
          expect(await it.updated.read(name)).toMatchObject({
            generation: written + 1,
            body: String(written),
          })
        }
        expect(await reencryptRecords(it.updated, fast)).toMatchObject({ complete: true })
        for (const name of names) expect(await it.after.read(name)).toBeDefined()
        expect((await claimAll(it.after)).grants).toEqual([])
      },
    )

    test(
      'key rotation: a re-encryption that was ended continues where it was',
      { tags: ['C-52'] },
      async () => {
        await using it = await scene(place)
        const names = Array.from({ length: 30 }, (_, index) => named('binding', index))
        await Promise.all(names.map((name) => it.before.write(name, '1', 0)))
        const stop = new AbortController()
        let done = 0
        const ended = reencryptRecords(it.updated, {
          recordsPerSecond: 4,
          clock: steppedClock().clock,
          signal: stop.signal,
          observe({ reencrypted }) {
            done = reencrypted
            if (reencrypted >= 8) stop.abort(new Error('ended'))
          },
        })
        await expect(ended).rejects.toThrow('ended')
        expect(done).toBeLessThan(names.length)
        const result = await reencryptRecords(it.updated, fast)
        expect(result).toMatchObject({ reencrypted: names.length - done, complete: true })
      },
    )

    test('key rotation: several machines re-encrypt at once', { tags: ['C-51'] }, async () => {
      await using it = await scene(place)
      const names = Array.from({ length: 40 }, (_, index) => named('grant', index))
      await Promise.all(names.map((name) => it.before.write(name, '1', 0)))
      const machines = [it.updated, it.updated, it.updated]
      const results = await Promise.all(machines.map((store) => reencryptRecords(store, fast)))
      const total = results.reduce((sum, { reencrypted }) => sum + reencrypted, 0)
      expect(total).toBe(names.length)
      for (const name of names) expect((await it.after.read(name))?.generation).toBe(1)
    })

    test(
      'key rotation: records that no key opens are counted and not changed',
      { tags: ['C-52'] },
      async () => {
        await using it = await scene(place)
        await it.before.write(one, '1', 0)
        await it.before.write(named('grant', 1), '1', 0)
        let damaged = ''
        await it.tamper(one, (sealed) => (damaged = sealed.slice(0, -20)))
        const result = await reencryptRecords(it.updated, fast)
        expect(result).toMatchObject({ reencrypted: 1, unreadable: 1, complete: true })
        await it.tamper(one, (sealed) => {
          expect(sealed).toBe(damaged)
          return sealed
        })
        // A machine that lacks the older key changes nothing.
        await it.before.write(named('grant', 2), '1', 0)
        expect(await reencryptRecords(it.after, fast)).toMatchObject({
          reencrypted: 0,
          unreadable: 2,
        })
      },
    )
  })
}

test(
  'key rotation: the steps of the guide lock no machine out',
  { tags: ['C-06', 'C-52'] },
  async () => {
    const place = await folder()
    try {
      // While machines are updated one after the other, two neighboring steps work together.
      await expectTogether(place, [oldKey], [oldKey, newKey])
      await expectTogether(place, [oldKey, newKey], [newKey, oldKey])
      const report = await reencryptAll(await place.open([newKey, oldKey]))
      expect(report).toContain('You can remove the older keys')
      await expectTogether(place, [newKey, oldKey], [newKey])
      const last = await place.open(newKey)
      const { grants } = await claimAll(last)
      expect(grants.map(({ record }) => record?.body)).toEqual(Array.from({ length: 6 }, () => '1'))
    } finally {
      await place.close()
    }
  },
)

test('key rotation: the rate is bounded', { tags: ['C-52'] }, async () => {
  const place = await folder()
  try {
    const before = await place.open(oldKey)
    for (let index = 0; index < 35; index += 1) await before.write(named('grant', index), '1', 0)
    const stepped = steppedClock()
    const updated = await place.open([newKey, oldKey])
    await reencryptRecords(updated, { recordsPerSecond: 10, clock: stepped.clock })
    expect(stepped.slept()).toBeCloseTo(3500)
  } finally {
    await place.close()
  }
})

test.each([
  ['no key', []],
  ['a second key of another length', [newKey, randomBytes(16)]],
])('key rotation: a list with %s is refused', async (_what, key) => {
  const place = await folder()
  try {
    await expect(place.open(key)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  } finally {
    await place.close()
  }
})

test.each([0, -1, Number.NaN])(
  'key rotation: a rate of %d is refused',
  async (recordsPerSecond) => {
    const place = await folder()
    try {
      const store = await place.open(newKey)
      await expect(reencryptRecords(store, { recordsPerSecond })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      })
    } finally {
      await place.close()
    }
  },
)

/** Each of two machines writes a grant, and both read both. */
async function expectTogether(place: Place, before: StoreKeys, after: StoreKeys): Promise<void> {
  const machines = [await place.open(before), await place.open(after)]
  for (const writer of machines) {
    const name: RecordName = { kind: 'grant', id: randomBytes(32).toString('hex') }
    await writer.write(name, '1', 0)
    for (const reader of machines) expect((await reader.read(name))?.body).toBe('1')
  }
}

/** The first byte differs, so the records are in different shards. */
function named(kind: RecordKind, index: number): RecordName {
  return { kind, id: (index % 256).toString(16).padStart(2, '0').padEnd(60, '0') + hex4(index) }
}

function hex4(index: number): string {
  return index.toString(16).padStart(4, '0')
}

/** Counts a record up, as concurrent refreshes do. Returns how many writes succeeded. */
async function countUp(
  store: RecordStore,
  name: RecordName,
  isRunning: () => boolean,
): Promise<number> {
  let count = 0
  while (count === 0 || isRunning()) {
    const record = await store.read(name)
    const [generation, body] = [record?.generation ?? 0, Number(record?.body) + 1]
    const { outcome } = await store.write(name, String(body), generation, 3600)
    if (outcome === 'written') count += 1
  }
  return count
}

async function ageOf(store: RecordStore, name: RecordName): Promise<number> {
  return (await store.read(name))?.ageSeconds ?? 0
}

async function claimAll(store: RecordStore): ReturnType<RecordStore['due']['claim']> {
  return await store.due.claim({ limit: 1000, claimSeconds: 60 })
}

/** A clock that sleeps without waiting and counts how long. */
function steppedClock(): { readonly clock: Clock; slept(): number } {
  let total = 0
  return {
    slept: () => total,
    clock: {
      nowEpochSeconds: () => 0,
      async sleep(milliseconds, signal) {
        signal?.throwIfAborted()
        total += milliseconds
      },
    },
  }
}
