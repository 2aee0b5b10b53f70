import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { virtualClock } from '@evergrant/test-kit'
import { expect, test } from 'vitest'
import type { RecordName } from '../../src/index.ts'
import { fileStore } from '../../src/stores/file.ts'

const one = named('1')
const two = named('2')
const all = { limit: 100, claimSeconds: 4 }

function named(digit: string): RecordName {
  return { kind: 'grant', id: digit.repeat(64) }
}

async function scene() {
  const folder = await mkdtemp(path.join(tmpdir(), 'evergrant-due-'))
  const key = randomBytes(32)
  const clock = virtualClock()
  const store = await fileStore(folder, { key, clock })
  function fileOf({ id }: RecordName): string {
    return path.join(folder, 'grant', `${id}.json`)
  }
  return {
    clock,
    store,
    /** A store of another process. */
    another: (otherKey: Uint8Array = key) => fileStore(folder, { key: otherKey, clock }),
    fileOf,
    async change(name: RecordName, change: (text: string) => string) {
      const text = await readFile(fileOf(name), 'utf8')
      await writeFile(fileOf(name), change(text))
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

test(
  'file store: only the due time of a grant is in clear',
  { tags: ['C-06', 'C-55'] },
  async () => {
    await using it = await scene()
    await it.store.write(one, '"canary-refresh-token"', 0, 60)
    const text = await readFile(it.fileOf(one), 'utf8')
    const due = { generation: 1, atEpochSeconds: it.clock.nowEpochSeconds() + 60 }
    expect(JSON.parse(text)).toMatchObject({ due })
    expect(text).not.toContain('canary')
    await it.store.write({ ...one, kind: 'binding' }, '1', 0, 60)
    expect((await it.store.due.claim(all)).nextDueInSeconds).toBe(60)
  },
)

test('file store: a grant is due when its time has come', { tags: ['C-55'] }, async () => {
  await using it = await scene()
  await it.store.write(one, '1', 0, 60)
  await it.store.write(two, '2', 0, Number.POSITIVE_INFINITY)
  it.clock.advanceSeconds(59)
  expect(await it.store.due.claim(all)).toEqual({ grants: [], nextDueInSeconds: 1 })
  it.clock.advanceSeconds(3)
  expect(await it.store.due.backlog()).toEqual({ grants: 1, lateSeconds: 2 })
  const { grants, nextDueInSeconds } = await it.store.due.claim(all)
  expect(grants).toMatchObject([{ id: one.id, lateSeconds: 2, record: { body: '1' } }])
  expect(nextDueInSeconds).toBe(4)
  it.clock.advanceSeconds(4)
  const again = await (await it.another()).due.claim(all)
  expect(again.grants).toMatchObject([{ id: one.id, lateSeconds: 0 }])
})

test(
  'file store: a grant that an older version wrote is due at once',
  { tags: ['C-55'] },
  async () => {
    await using it = await scene()
    await it.store.write(one, '1', 0, 3600)
    await it.store.write(two, '2', 0, Number.POSITIVE_INFINITY)
    // An older version writes the record without a due time.
    await it.change(one, (text) => text.replace(/,"due":.*\}\}/, '}'))
    // A file system tool can combine a record with the time of another generation.
    await it.change(two, (text) => text.replace('"due":{"generation":1', '"due":{"generation":9'))
    const { grants } = await it.store.due.claim(all)
    expect(grants.map(({ id }) => id).toSorted()).toEqual([one.id, two.id])
    expect(grants.map(({ lateSeconds }) => lateSeconds)).toEqual([0, 0])
    await it.store.due.set(one.id, 1, 50)
    await it.store.due.set(two.id, 1, 60)
    expect((await it.store.due.claim(all)).nextDueInSeconds).toBe(50)
    expect((await it.store.read(one))?.generation).toBe(1)
  },
)

test('file store: a claim rewrites only the files that it takes', { tags: ['C-52'] }, async () => {
  await using it = await scene()
  await it.store.write(one, '1', 0, 3600)
  await it.store.write(two, '2', 0, 0)
  const before = await stat(it.fileOf(one), { bigint: true })
  const taken = await stat(it.fileOf(two), { bigint: true })
  await it.store.due.claim(all)
  await it.store.due.claim(all)
  expect(await stat(it.fileOf(one), { bigint: true })).toMatchObject({
    ino: before.ino,
    ctimeNs: before.ctimeNs,
  })
  expect((await stat(it.fileOf(two), { bigint: true })).ctimeNs).not.toBe(taken.ctimeNs)
})

test('file store: a claim sees what other processes have written since', async () => {
  await using it = await scene()
  const other = await it.another()
  for (let round = 0; round < 30; round += 1) {
    await other.write(one, String(round), round, round % 2 === 0 ? 0 : 60)
    const { grants } = await it.store.due.claim(all)
    expect(grants).toHaveLength(round % 2 === 0 ? 1 : 0)
  }
})

test(
  'file store: a due grant of another key or of a later version is reported and not changed',
  { tags: ['C-52'] },
  async () => {
    await using it = await scene()
    const stranger = await it.another(randomBytes(32))
    await it.store.write(one, '1', 0, 0)
    await it.store.write(two, '2', 0, 0)
    await it.change(two, (text) => text.replace('"format":1', '"format":2'))
    const files = await Promise.all([one, two].map((name) => readFile(it.fileOf(name), 'utf8')))
    const { grants } = await stranger.due.claim(all)
    expect(grants).toHaveLength(2)
    for (const { unreadable } of grants) {
      expect(unreadable).toMatchObject({ generation: 1, error: { code: 'RECORD_UNREADABLE' } })
    }
    await stranger.due.set(one.id, 1, 600)
    expect((await stranger.due.claim(all)).nextDueInSeconds).toBe(4)
    expect(await Promise.all([one, two].map((name) => readFile(it.fileOf(name), 'utf8')))).toEqual(
      files,
    )
    // The process that has the key still finds its grant.
    const mine = await it.store.due.claim(all)
    expect(mine.grants.find(({ id }) => id === one.id)?.record?.body).toBe('1')
  },
)

test('file store: a damaged due grant is set aside and reported', { tags: ['C-52'] }, async () => {
  await using it = await scene()
  await it.store.write(one, '1', 0, 0)
  await it.change(one, (text) => text.slice(0, text.length / 2))
  const { grants } = await it.store.due.claim(all)
  expect(grants).toMatchObject([{ id: one.id, unreadable: { generation: 0 } }])
  expect(await it.store.read(one)).toBeUndefined()
  expect((await it.store.due.claim(all)).grants).toEqual([])
})

test('file store: one claim takes a bounded number of grants', async () => {
  await using it = await scene()
  for (let index = 0; index < 70; index += 1) {
    const id = index.toString(16).padStart(64, '0')
    await it.store.write({ kind: 'grant', id }, '1', 0, index % 2 === 0 ? 0 : undefined)
  }
  const first = await it.store.due.claim({ ...all, limit: 1000 })
  expect(first.grants).toHaveLength(64)
  expect(first.nextDueInSeconds).toBe(0)
  const second = await it.store.due.claim({ ...all, limit: 1000 })
  expect(second.grants).toHaveLength(6)
})
